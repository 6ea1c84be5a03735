/** The review queue: where a model and the labels disagree, worst first, and images a model is unsure about. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { reviewKindSchema, type ReviewItem, type ReviewKind } from '@shared/contract/review'
import { api } from '../client/api'
import { latest } from '../client/latest'
import { followProject } from './follow-project'
import { useNavigation } from './navigation'
import { useNotify } from './notify'
import { useSession } from './session'

type Source = Awaited<ReturnType<typeof api.predictions.sources>>['sources'][number]
type Uncertain = Awaited<ReturnType<typeof api.review.uncertain>>['images'][number]
const page = 200

export const useReview = defineStore('review', () => {
  const notify = useNotify()
  const navigation = useNavigation()
  const session = useSession()
  /** The core works the queue out anew for every answer: nobody asks for it while boxes are drawn elsewhere. */
  const watched = () => navigation.view === 'review'
  const sources = ref<Source[]>([])
  const source = ref<string | null>(null)
  const kinds = ref<ReviewKind[]>([])
  const conf = ref(0.25)
  const mode = ref<'disagreement' | 'uncertain'>('disagreement')
  const items = ref<ReviewItem[]>([])
  const counts = ref<Partial<Record<ReviewKind, number>>>({})
  const uncertain = ref<Uncertain[]>([])
  const total = ref(0)
  const index = ref(0)
  const loaded = ref(false)
  const busy = ref(false)
  /** The question for the right class is open. */
  const correcting = ref(false)

  /** Where an image has one class, other words are asked and only two kinds of disagreement can be. */
  const isClasses = computed(() => session.truth === 'class')
  const words = computed(() => (isClasses.value ? 'review.classKind' : 'review.kind'))
  const allKinds = computed<readonly ReviewKind[]>(() =>
    isClasses.value ? ['wrong-class', 'false-positive'] : reviewKindSchema.options,
  )
  const item = computed(() => (mode.value === 'disagreement' ? items.value[index.value] : undefined))

  const read = latest(async () => {
    sources.value = (await api.predictions.sources()).sources
    if (!sources.value.some((one) => one.source === source.value)) source.value = sources.value[0]?.source ?? null
    const of = source.value
    if (!watched()) return
    if (of === null) {
      items.value = []
      uncertain.value = []
      total.value = 0
    } else if (mode.value === 'uncertain') {
      const answer = await api.review.uncertain({ source: of, limit: page })
      uncertain.value = answer.images
      total.value = answer.total
    } else {
      const wanted = kinds.value.length > 0 ? { kinds: kinds.value } : {}
      const answer = await api.review.queue({ source: of, conf: conf.value, limit: page, ...wanted })
      const id = item.value?.id
      items.value = answer.items
      counts.value = answer.kinds
      total.value = answer.total
      // The place in the queue is kept: by the item while it is there, else by its number.
      const at = answer.items.findIndex((one) => one.id === id)
      index.value = at >= 0 ? at : Math.min(index.value, Math.max(0, answer.items.length - 1))
    }
    loaded.value = true
  })
  const refresh = followProject(
    read,
    () => {
      sources.value = []
      source.value = null
      items.value = []
    },
    watched,
  )
  api.predictions.on('changed', () => void refresh())
  watch(
    () => navigation.view,
    () => {
      if (watched()) void refresh()
    },
  )
  watch([source, kinds, conf, mode], () => {
    index.value = 0
    void refresh()
  })

  /** Takes one side of the current item; the queue moves up by itself. One undo step. */
  async function decide(side: 'accept' | 'reject'): Promise<void> {
    const now = item.value
    if (!now || source.value === null || busy.value) return
    busy.value = true
    await notify.attempt(async () => {
      await api.review[side]({ source: source.value!, items: [now.id] })
      await refresh()
    })
    busy.value = false
  }
  function move(by: number): void {
    const length = mode.value === 'disagreement' ? items.value.length : uncertain.value.length
    index.value = Math.min(Math.max(0, index.value + by), Math.max(0, length - 1))
  }
  return {
    isClasses,
    words,
    allKinds,
    sources,
    source,
    kinds,
    conf,
    mode,
    items,
    item,
    counts,
    uncertain,
    total,
    index,
    loaded,
    busy,
    correcting,
    refresh,
    decide,
    move,
  }
})
