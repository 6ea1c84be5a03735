/** Training while labelling: its state, and telling the core which images come next. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { AssistState } from '@shared/contract/assist'
import { api, connection } from '../client/api'
import { translate } from '../locales'
import { formatSeconds } from '../ui/format'
import { useAnnotator } from './annotator'
import { useNotify } from './notify'
import { useReview } from './review'
import { useSamples } from './samples'
import { useSession } from './session'
import { sayError } from '../ui/say'

/** Images that the core is told of: those that are looked at next. */
const ahead = 16

export const useAssist = defineStore('assist', () => {
  const annotator = useAnnotator()
  const samples = useSamples()
  const notify = useNotify()
  const session = useSession()
  const review = useReview()
  const state = ref<AssistState | null>(null)
  const every = ref(10)
  const busy = ref(false)
  /** Boxes and poses can be predicted on images. */
  const possible = computed(() => ['detect', 'pose'].includes(session.project?.task ?? ''))

  function take(next: AssistState): void {
    const before = state.value
    state.value = next
    if (next.on) every.value = next.every
    if (next.problem && next.problem.message !== before?.problem?.message) notify.warning(sayError(next.problem))
    if (before === null || next.run === null || next.rounds === before.rounds || next.rounds === 0) return
    // What it says is what the canvas shows.
    review.source = `run:${next.run}`
    if (next.rounds === 1 && next.last)
      notify.success(translate('assist.ready', { images: next.last.images, time: formatSeconds(next.last.seconds) }))
  }
  api.assist.on('changed', take)
  watch(
    () => [session.project?.folder, connection.epoch] as const,
    async ([folder]) => {
      if (folder === undefined) state.value = null
      else await notify.attempt(async () => take(await api.assist.state()))
    },
    { immediate: true },
  )

  const next = computed(() => {
    const at = annotator.place
    return at < 0 ? [] : samples.ids.slice(at, at + ahead)
  })
  watch(
    () => [state.value?.on ?? false, next.value] as const,
    ([on, list]) => {
      if (on && list.length > 0) api.assist.look({ samples: [...list] }).catch(() => {})
    },
  )

  async function start(): Promise<void> {
    busy.value = true
    await notify.attempt(async () => take(await api.assist.start({ every: every.value })))
    busy.value = false
  }
  const stop = () => notify.attempt(async () => take(await api.assist.stop()))
  const toggle = () => (state.value?.on ? stop() : start())
  return { state, every, busy, possible, start, stop, toggle }
})
