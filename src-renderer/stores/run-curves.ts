/**
 * Metric series of one run for charts: a summary of at most some hundred points each, then new rows as they are written.
 * When those have doubled the length the summary is read again, so a chart of any run stays small.
 */
import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import { api, connection } from '../client/api'
import { latest } from '../client/latest'
import { useNotify } from './notify'

export interface Curve {
  series: string
  step: number[]
  epoch: number[]
  value: number[]
  low: number[]
  high: number[]
}

const buckets = 400
/** Between two readings while rows keep coming, ms: charts that are drawn more often cost more than they tell. */
const pause = 1000

export function useRunCurves(run: Ref<string | null>) {
  const curves = shallowRef<ReadonlyMap<string, Curve>>(new Map())
  let cursor = 0
  let appended = 0
  let of: string | null = null

  async function readAll(id: string): Promise<void> {
    const summary = await api.runs.metricsSummary({ run: id, buckets })
    if (run.value !== id) return
    cursor = summary.cursor
    appended = 0
    of = id
    curves.value = new Map(
      summary.series.map(({ series, step, epoch, mean, min, max }) => [
        series,
        { series, step, epoch, value: mean, low: min, high: max },
      ]),
    )
  }
  async function readNew(id: string): Promise<void> {
    const { rows, cursor: next } = await api.runs.metrics({ run: id, after: cursor })
    if (run.value !== id || rows.length === 0) return
    cursor = next
    appended += rows.length
    const all = new Map(curves.value)
    const fresh = new Set<string>()
    for (const { series, step, epoch, value } of rows) {
      if (value === null) continue
      if (!fresh.has(series)) {
        const old = all.get(series)
        all.set(series, {
          series,
          step: [...(old?.step ?? [])],
          epoch: [...(old?.epoch ?? [])],
          value: [...(old?.value ?? [])],
          low: [...(old?.low ?? [])],
          high: [...(old?.high ?? [])],
        })
        fresh.add(series)
      }
      const curve = all.get(series)!
      curve.step.push(step)
      curve.epoch.push(epoch)
      curve.value.push(value)
      curve.low.push(value)
      curve.high.push(value)
    }
    curves.value = all
  }
  const refresh = latest(async () => {
    const id = run.value
    if (id === null) {
      curves.value = new Map()
      return
    }
    if (of !== id || appended > buckets * Math.max(1, curves.value.size)) await readAll(id)
    else await readNew(id)
  })
  let timer: ReturnType<typeof setTimeout> | undefined
  let last = -Infinity
  const now = () => {
    clearTimeout(timer)
    timer = undefined
    last = performance.now()
    void useNotify().attempt(refresh)
  }
  /** At once after a quiet time, else when the pause is over. */
  const soon = () => {
    timer ??= setTimeout(now, Math.max(0, last + pause - performance.now()))
  }
  watch(
    run,
    () => {
      curves.value = new Map()
      of = null
      now()
    },
    { immediate: true },
  )
  // After a pause on the wire rows may be missing: the cursor asks for them.
  watch(() => connection.epoch, now)
  const stops = [
    api.runs.on('metrics', (event) => event.run === run.value && soon()),
    // A run that goes on from a checkpoint takes back the rows after it.
    api.runs.on('changed', (event) => {
      if (event.run !== run.value) return
      of = null
      soon()
    }),
  ]
  onScopeDispose(() => {
    clearTimeout(timer)
    stops.forEach((stop) => stop())
  })
  return curves
}
