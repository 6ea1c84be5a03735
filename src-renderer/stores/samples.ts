/**
 * The images that the gallery shows, in its order. All ids are held (a hundred thousand are some hundred kilobytes), rows
 * and thumbnail overlays only for what was on screen lately.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, shallowRef, watch } from 'vue'
import type { Sample, SampleFilter, SampleSort } from '@shared/contract/samples'
import { api } from '../client/api'
import { batchReader } from '../client/batch-reader'
import { followProject } from './follow-project'

export interface SampleQuery {
  filter: SampleFilter
  sort: SampleSort
  descending: boolean
}

/** Rows asked for at once. */
const batch = 100
/** Rows kept. */
const kept = 3000

export const useSamples = defineStore('samples', () => {
  const query = ref<SampleQuery>({ filter: {}, sort: 'name', descending: false })
  const ids = shallowRef<readonly number[]>([])
  const ready = ref(false)
  const loading = ref(false)
  const error = shallowRef<unknown>(null)
  /** Stays in the list although it no longer matches, until another is opened: what is worked on does not vanish. */
  const pinned = ref<number | null>(null)
  const rows = shallowReactive(new Map<number, Sample>())
  /** Asks for rows that are about to be shown; they appear in `rows`. */
  const { want, renew } = batchReader(rows, {
    batch,
    kept,
    async read(list) {
      const { samples } = await api.samples.getMany({ samples: list })
      const found = new Set(samples.map((sample) => sample.id))
      for (const id of list) if (!found.has(id)) rows.delete(id)
      return samples.map((sample) => [sample.id, sample] as const)
    },
  })

  const places = computed(() => {
    const map = new Map<number, number>()
    ids.value.forEach((id, place) => map.set(id, place))
    return map
  })
  const indexOf = (id: number | null): number => (id === null ? -1 : (places.value.get(id) ?? -1))

  const refresh = followProject(
    async () => {
      loading.value = true
      try {
        const asked = query.value
        const answer = await api.samples.ids(asked)
        if (asked !== query.value) return
        const next = await keepPinned(answer.ids)
        if (asked !== query.value) return
        ids.value = next
        error.value = null
        ready.value = true
        renew(rows.keys())
      } catch (thrown) {
        error.value = thrown
        throw thrown
      } finally {
        loading.value = false
      }
    },
    () => {
      ids.value = []
      rows.clear()
      pinned.value = null
      ready.value = false
      // A class, a run or a folder of one project means nothing in the next.
      if (Object.keys(query.value.filter).length > 0) query.value = { ...query.value, filter: {} }
    },
    (change) => {
      if (change.sampleSet !== false || change.samples === undefined || dependsOnRows(query.value)) return true
      // Members and order cannot have changed: only what is told of these images.
      renew(change.samples)
      return false
    },
  )

  async function keepPinned(next: number[]): Promise<readonly number[]> {
    const id = pinned.value
    const place = indexOf(id)
    if (id === null || place < 0 || next.includes(id) || filterChanged) {
      filterChanged = false
      return next
    }
    // What was taken out of the project, here or elsewhere, is not worked on any more.
    if ((await reread(id)) === null) return next
    return next.toSpliced(Math.min(place, next.length), 0, id)
  }
  let filterChanged = false
  watch(query, () => {
    filterChanged = true
    void refresh()
  })

  /** The row of one image, read if need be; null when it is no longer there. */
  async function get(id: number): Promise<Sample | null> {
    return rows.get(id) ?? (await reread(id))
  }
  /** The row as it is now, whatever is known here; null when it is no longer there. */
  async function reread(id: number): Promise<Sample | null> {
    const { samples } = await api.samples.getMany({ samples: [id] })
    if (samples[0]) rows.set(id, samples[0])
    else rows.delete(id)
    return samples[0] ?? null
  }
  /** Shows a change at once that was made here; the reading that follows confirms it. */
  function patch(id: number, change: Partial<Sample>): void {
    const row = rows.get(id)
    if (row) rows.set(id, { ...row, ...change })
  }
  return { query, ids, ready, loading, error, pinned, rows, indexOf, want, get, reread, patch, refresh }
})

/** Whether an edit of an image may change which images are listed, or where. */
function dependsOnRows({ filter, sort }: SampleQuery): boolean {
  return Object.keys(filter).length > 0 || sort === 'annotations' || sort.startsWith('score:')
}
