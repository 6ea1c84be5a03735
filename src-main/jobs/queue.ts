/**
 * The queue of long work. Its rows are the truth: what was `running` when the core starts is marked `interrupted`, what
 * was `queued` is started. Jobs of one lane run one after another.
 */
import { TagwrightError, toErrorShape } from '@shared/base/errors'
import { nearest } from '@shared/base/registry'
import { finalJobStatuses, type Job, type JobProgress, type JobStatus } from '@shared/contract/jobs'
import type { JobContext, JobDefinition, JobLane } from './define-job'
import type { JobPatch, JobRows } from './job-rows'

export interface QueueEvents {
  changed(job: Job): void
  progress(job: { job: number; kind: string; progress: JobProgress }): void
  log(entry: { job: number; level: 'info' | 'warning'; message: string }): void
}

export interface Queue {
  /**
   * Marks jobs that a dead core left running as `interrupted`, and starts those left queued; with `start: false` these
   * are interrupted too, for hosts that live for one command only. Returns the interrupted ones.
   */
  recover(options?: { start?: boolean }): Job[]
  /** Throws `bad-input` when the params do not match the kind. */
  add(kind: string, params: unknown, options?: { run?: string }): Job
  /** Throws `not-found`. */
  get(id: number): Job
  list(limit?: number): Job[]
  /** Resolves with the job in its final state. */
  wait(id: number, signal?: AbortSignal): Promise<Job>
  /** Does nothing to a job that has ended. */
  cancel(id: number): void
  /** As `cancel`, but the job ends `paused`: for kinds that leave a checkpoint to go on from. */
  pause(id: number): void
  /** Waiting jobs in the order given come before the other waiting ones of their lane; others are left alone. */
  reorder(ids: readonly number[]): void
  cancelAll(): void
  /** True while a job runs or waits. */
  readonly busy: boolean
  /** Aborts what runs and waits for its end. Queued jobs stay queued for the next start. */
  close(): Promise<void>
}

export interface QueueOptions {
  rows: JobRows
  kinds: readonly JobDefinition[]
  events: QueueEvents
}

interface Waiter {
  resolve(job: Job): void
  reject(error: TagwrightError): void
}

/** Progress is told at most this often, ms; the last one of a phase always. */
const progressInterval = 100

export function createQueue({ rows, kinds, events }: QueueOptions): Queue {
  const byKind = new Map(kinds.map((kind) => [kind.kind, kind]))
  const waiting = new Map<JobLane, number[]>()
  const running = new Map<number, { lane: JobLane; abort: AbortController; done: Promise<void> }>()
  const waiters = new Map<number, Set<Waiter>>()
  let open = true
  const isFinal = (status: JobStatus) => finalJobStatuses.includes(status)

  const get = (id: number): Job => rows.get(id)
  const update = (id: number, patch: JobPatch): Job => {
    const job = rows.update(id, patch)
    events.changed(job)
    if (isFinal(job.status)) {
      for (const { resolve } of waiters.get(id) ?? []) resolve(job)
      waiters.delete(id)
    }
    return job
  }

  const run = async (job: Job, definition: JobDefinition, abort: AbortController): Promise<void> => {
    let last: JobProgress | null = null
    let lastAt = 0
    const context: JobContext = {
      id: job.id,
      signal: abort.signal,
      report(phase, done, total) {
        const progress = { phase, done, total }
        const at = performance.now()
        const due = at - lastAt >= progressInterval || phase !== last?.phase || done === total
        last = progress
        if (!due) return
        lastAt = at
        events.progress({ job: job.id, kind: job.kind, progress })
      },
      log: (level, message) => events.log({ job: job.id, level, message }),
    }
    let patch: JobPatch
    try {
      update(job.id, { status: 'running' })
      const result = await definition.run(definition.params.parse(job.params), context)
      patch = { status: 'done', result: result ?? null }
    } catch (error) {
      const shape = toErrorShape(error)
      patch = { status: statusOf(shape.code, abort.signal), error: shape }
    }
    try {
      update(job.id, { ...patch, progress: last })
    } catch (error) {
      // The store is gone or full: the next start finds the row `running` and marks it interrupted.
      const ended = {
        ...job,
        status: 'failed' as const,
        error: toErrorShape(error),
        finishedAt: new Date().toISOString(),
      }
      for (const { resolve } of waiters.get(job.id) ?? []) resolve(ended)
      waiters.delete(job.id)
    }
  }

  const statusOf = (code: string, signal: AbortSignal): JobStatus => {
    if (!signal.aborted && code !== 'cancelled') return code === 'interrupted' ? 'interrupted' : 'failed'
    if (!open) return 'interrupted'
    return (signal.reason as { code?: string } | undefined)?.code === 'paused' ? 'paused' : 'cancelled'
  }

  const startNext = (lane: JobLane): void => {
    if (!open || [...running.values()].some((job) => job.lane === lane)) return
    const id = waiting.get(lane)?.shift()
    if (id === undefined) return
    const job = get(id)
    const abort = new AbortController()
    const done = run(job, byKind.get(job.kind)!, abort).finally(() => {
      running.delete(id)
      startNext(lane)
    })
    running.set(id, { lane, abort, done })
  }
  const enqueue = (job: Job): void => {
    const { lane } = byKind.get(job.kind)!
    waiting.set(lane, [...(waiting.get(lane) ?? []), job.id])
    // In a later microtask, so that whoever added the job can subscribe first.
    queueMicrotask(() => startNext(lane))
  }

  const end = (id: number, status: 'cancelled' | 'paused', message: string): void => {
    const job = get(id)
    if (job.status === 'queued') {
      for (const [lane, ids] of waiting) {
        waiting.set(
          lane,
          ids.filter((other) => other !== id),
        )
      }
      if (!running.has(id)) update(id, { status })
    }
    running.get(id)?.abort.abort(new TagwrightError(status, message))
  }

  const queue: Queue = {
    recover({ start = true } = {}) {
      const lost = [...rows.withStatus('running'), ...(start ? [] : rows.withStatus('queued'))]
      const error = { code: 'interrupted', message: 'The program ended before this was done.' }
      const interrupted = lost.map((job) => update(job.id, { status: 'interrupted', error }))
      for (const job of rows.withStatus('queued')) {
        const definition = byKind.get(job.kind)
        if (definition?.params.safeParse(job.params).success) enqueue(job)
        else {
          const message = `This version cannot run the stored job "${job.kind}". Start it again.`
          update(job.id, { status: 'failed', error: { code: 'unknown-job', message } })
        }
      }
      return interrupted
    },
    add(kind, params, { run = null }: { run?: string | null } = {}) {
      if (!open)
        throw new TagwrightError('closing', 'The project is being closed. Start the job after opening it again.')
      const definition = byKind.get(kind)
      if (!definition) {
        const hint = nearest(kind, byKind.keys())
        throw new TagwrightError('unknown-job', `There is no job "${kind}".${hint ? ` Did you mean "${hint}"?` : ''}`)
      }
      const parsed = definition.params.safeParse(params)
      if (!parsed.success) {
        const issue = parsed.error.issues[0]
        throw new TagwrightError('bad-input', `Job ${kind}: "${issue.path.map(String).join('.')}": ${issue.message}.`)
      }
      // The given params are stored, not the parsed ones: `run` parses them again.
      const job = rows.insert({ kind, params, run })
      events.changed(job)
      enqueue(job)
      return job
    },
    get,
    list: (limit = 100) => rows.list(limit),
    wait(id, signal) {
      const job = get(id)
      if (isFinal(job.status)) return Promise.resolve(job)
      return new Promise((resolve, reject) => {
        const set = waiters.get(id) ?? new Set()
        const waiter = { resolve, reject }
        waiters.set(id, set.add(waiter))
        signal?.addEventListener('abort', () => {
          set.delete(waiter)
          reject(new TagwrightError('cancelled', 'Waiting was cancelled; the job goes on.'))
        })
      })
    },
    cancel: (id) => end(id, 'cancelled', 'The job was cancelled.'),
    pause: (id) => end(id, 'paused', 'The job was paused; resume goes on.'),
    reorder(ids) {
      for (const [lane, old] of waiting) {
        const first = ids.filter((id) => old.includes(id))
        if (first.length === 0) continue
        const order = [...new Set(first), ...old.filter((id) => !first.includes(id))]
        waiting.set(lane, order)
        rows.setOrder(order)
        for (const id of order) events.changed(get(id))
      }
    },
    cancelAll() {
      for (const ids of [...waiting.values()]) for (const id of ids) queue.cancel(id)
      for (const id of [...running.keys()]) queue.cancel(id)
    },
    get busy() {
      return running.size > 0 || [...waiting.values()].some((ids) => ids.length > 0)
    },
    async close() {
      open = false
      for (const { abort } of running.values())
        abort.abort(new TagwrightError('closing', 'The project is being closed.'))
      await Promise.all([...running.values()].map((job) => job.done))
      for (const [id, set] of waiters) {
        const message = `Job ${id} has not begun; it stays queued until the project is opened again.`
        for (const { reject } of set) reject(new TagwrightError('closing', message, { job: id }))
      }
      waiters.clear()
    },
  }
  return queue
}
