/** What a running run tells about now: steps a second, time left, memory. Kept in memory; nothing here is worth a row. */
import type { LiveRun } from '@shared/contract/runs'
import type { Metric } from '@shared/domain/metric'
import type { JobContext } from './define-job'
import type { JobDeps } from './job-deps'

/** Clients hear at most this often, ms. */
const interval = 1000
/** Speed is measured over the last minute, so that the slow first epoch is forgotten. */
const window = 60_000

/** @returns taps on the job's report, the worker's heartbeat and its metrics; `end` forgets the run. */
export function liveRun(
  { hub, liveRuns }: Pick<JobDeps, 'hub' | 'liveRuns'>,
  run: string,
  clock: () => number = () => performance.now(),
) {
  const state: LiveRun = {
    run,
    phase: 'starting',
    done: 0,
    total: null,
    secondsLeft: null,
    stepsPerSecond: null,
    imagesPerSecond: null,
    dataWait: null,
    memory: null,
  }
  let told = -Infinity
  let marks: { at: number; done: number }[] = []
  const tell = (force = false) => {
    liveRuns?.set(run, { ...state })
    const now = clock()
    if (!force && now - told < interval) return
    told = now
    hub.emit('runs.live', { ...state })
  }
  tell(true)
  return {
    report:
      (report: JobContext['report']): JobContext['report'] =>
      (phase, done, total) => {
        report(phase, done, total)
        const now = clock()
        const isStep = phase.startsWith('epoch ')
        if (isStep && total !== null) {
          marks.push({ at: now, done })
          if (marks.length > 2 && now - marks[0].at > window) marks = marks.filter(({ at }) => now - at <= window)
          const [first] = marks
          if (now - first.at > 1000 && done > first.done) {
            state.stepsPerSecond = ((done - first.done) * 1000) / (now - first.at)
            state.secondsLeft = (total - done) / state.stepsPerSecond
          }
        }
        const force = phase !== state.phase
        Object.assign(state, isStep ? { phase, done, total } : { phase })
        tell(force)
      },
    memory(rss: number): void {
      state.memory = rss
      tell()
    },
    metrics(rows: readonly Metric[]): void {
      for (const { series, value } of rows) {
        if (series === 'system/imagesPerSecond') state.imagesPerSecond = value
        if (series === 'system/dataWait') state.dataWait = value
      }
    },
    end(): void {
      liveRuns?.delete(run)
    },
  }
}
