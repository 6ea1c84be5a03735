/** What the layer that is looked at in the model viewer makes of an image of the project. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { toErrorShape, type ErrorShape } from '@shared/base/errors'
import type { FeatureMaps } from '@shared/contract/models'
import { yoloxInput, type ModelInput } from '@shared/domain/model-input'
import { api } from '../client/api'
import { rangeOf, summarize, type MapColours, type MapRange } from '../panels/models/map-colours'
import { useAnnotator } from './annotator'
import { useNetwork } from './network'
import { useSamples } from './samples'
import { useSession } from './session'

/** How pixels are given to a file that does not tell it. */
export const pixelChoices = {
  auto: undefined,
  bytes: yoloxInput,
  unit: { order: 'RGB', range: 1, mean: [0, 0, 0], std: [1, 1, 1], pad: 114, align: 'center' },
  imagenet: { order: 'RGB', range: 1, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], pad: 114, align: 'center' }, // prettier-ignore
} as const satisfies Record<string, ModelInput | undefined>
export type PixelChoice = keyof typeof pixelChoices

export interface ShownMap extends MapRange {
  /** Number of the channel; or what was made of all. */
  id: number | 'mean' | 'max'
  values: Float32Array
}

export const useFeatureMaps = defineStore('feature-maps', () => {
  const session = useSession()
  const network = useNetwork()
  const samples = useSamples()
  const annotator = useAnnotator()

  /** Chosen here; null: the image that is open, else the first. */
  const chosen = ref<number | null>(null)
  const sample = computed(() => chosen.value ?? annotator.sampleId ?? samples.ids[0] ?? null)
  const pixels = ref<PixelChoice>('auto')
  const colours = ref<MapColours>('viridis')
  /** Colours of all channels from one range. */
  const shared = ref(false)
  /** The image is seen below the maps. */
  const overlay = ref(false)
  const order = ref<'channel' | 'max' | 'mean' | 'range'>('channel')

  const maps = shallowRef<FeatureMaps | null>(null)
  const channels = shallowRef<readonly ShownMap[]>([])
  const summaries = shallowRef<readonly ShownMap[]>([])
  const range = shallowRef<MapRange>({ min: 0, max: 0, mean: 0 })
  const problem = shallowRef<ErrorShape | null>(null)
  const loading = ref(false)
  let stop: AbortController | null = null
  /** What `maps` are of. */
  let key = ''

  const listed = computed(() => {
    const by = order.value
    if (by === 'channel') return channels.value
    const value = (one: ShownMap) => (by === 'range' ? one.max - one.min : one[by])
    return channels.value.toSorted((a, b) => value(b) - value(a))
  })

  /** Asks for the maps of the chosen node, unless they are here. */
  async function load(): Promise<void> {
    const { source, selected, network: shown } = network
    if (!session.project || !source || selected === null || !shown || sample.value === null) return reset()
    const asked = { source, node: selected, sample: sample.value, side: Math.min(4096, Math.max(32, shown.side)), pixels: pixelChoices[pixels.value] } // prettier-ignore
    const next = JSON.stringify(asked)
    if (next === key && !problem.value) return
    stop?.abort()
    const own = (stop = new AbortController())
    key = next
    problem.value = null
    loading.value = true
    try {
      const { pixels: told, ...rest } = asked
      const found = await api.models.featureMaps({ ...rest, ...(told ? { pixels: told } : {}) }, { signal: own.signal })
      const answer = await fetch(found.url, { signal: own.signal })
      if (!answer.ok) throw new Error(`${found.url}: ${answer.status}`)
      const data = new Float32Array(await answer.arrayBuffer())
      if (stop !== own) return
      const size = found.width * found.height
      channels.value = Array.from({ length: found.channels }, (_, id) => {
        const values = data.subarray(id * size, (id + 1) * size)
        return { id, values, ...rangeOf(values) }
      })
      summaries.value =
        found.channels === 1
          ? []
          : (['mean', 'max'] as const).map((id) => {
              const values = summarize(data, found.channels, id)
              return { id, values, ...rangeOf(values) }
            })
      range.value = rangeOf(data)
      maps.value = found
    } catch (thrown) {
      if (stop !== own) return
      reset()
      problem.value = toErrorShape(thrown)
    } finally {
      if (stop === own) loading.value = false
    }
  }
  function reset(): void {
    stop?.abort()
    stop = null
    key = ''
    maps.value = null
    channels.value = []
    summaries.value = []
    problem.value = null
    loading.value = false
  }
  /** The next or previous image of the list. */
  function step(by: 1 | -1): void {
    const at = samples.indexOf(sample.value)
    const next = samples.ids[at + by]
    if (next !== undefined) chosen.value = next
  }
  watch(
    () => session.project?.folder,
    () => {
      chosen.value = null
      reset()
    },
  )
  return {
    chosen,
    sample,
    pixels,
    colours,
    shared,
    overlay,
    order,
    maps,
    channels,
    summaries,
    listed,
    range,
    problem,
    loading,
    load,
    reset,
    step,
  }
})
