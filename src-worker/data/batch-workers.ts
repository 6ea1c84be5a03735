/** Runs batch jobs on worker threads, or in place when there are none. */
import { Worker } from 'node:worker_threads'
import { fromErrorShape, TagwrightError, type ErrorShape } from '@shared/base/errors'

/** One kind of batches: how a thread makes them. Setups, jobs and results survive structured cloning. */
export interface BatchKind<Setup, Job, Result> {
  /** What a thread finds it by: see decode-thread.ts. */
  id: string
  create(setup: Setup): { run(job: Job): Promise<Result> }
  /** Memory that goes to the thread with a job, and comes back with its result, instead of being copied. */
  lent?(job: Job): ArrayBuffer[]
  moved(result: Result): ArrayBuffer[]
}

export interface ThreadSetup {
  kind: string
  setup: unknown
}
export type ThreadAnswer = { id: number; result: unknown } | { id: number; error: ErrorShape }

export interface BatchWorkers<Job, Result> {
  run(job: Job): Promise<Result>
  close(): Promise<void>
}

/** @throws TagwrightError `bad-input` when threads are wanted and their file is not named. */
export function startBatchWorkers<Setup, Job, Result>(
  kind: BatchKind<Setup, Job, Result>,
  setup: Setup,
  threads: number,
  threadFile: string | undefined,
): BatchWorkers<Job, Result> {
  if (threads === 0) {
    const maker = kind.create(setup)
    return { run: (job) => maker.run(job), close: async () => {} }
  }
  if (!threadFile) throw new TagwrightError('bad-input', 'Loader threads need the path of decode-thread.js.')
  interface Pending {
    thread: number
    resolve(result: Result): void
    reject(error: Error): void
  }
  const pending = new Map<number, Pending>()
  let nextId = 0
  let failure: Error | null = null
  let closing = false

  const fail = (error: Error) => {
    failure ??= error
    for (const job of pending.values()) job.reject(failure)
    pending.clear()
  }
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(threadFile, {
      workerData: { kind: kind.id, setup } satisfies ThreadSetup,
      execArgv: [],
      name: 'decode',
    })
    worker.on('message', (answer: ThreadAnswer) => {
      const job = pending.get(answer.id)
      pending.delete(answer.id)
      // A loader that is never closed must not keep the process alive.
      if (job && ![...pending.values()].some((other) => other.thread === job.thread)) worker.unref()
      if ('result' in answer) job?.resolve(answer.result as Result)
      else job?.reject(fromErrorShape(answer.error))
    })
    worker.on('error', (error) => fail(threadError(error.message)))
    worker.on('exit', (code) => {
      if (!closing) fail(threadError(`exit code ${code}`))
    })
    worker.unref()
    return worker
  })

  return {
    run(job) {
      if (failure) return Promise.reject(failure)
      const load = workers.map(() => 0)
      for (const other of pending.values()) load[other.thread]++
      const thread = load.indexOf(Math.min(...load))
      const id = nextId++
      return new Promise((resolve, reject) => {
        pending.set(id, { thread, resolve, reject })
        workers[thread].ref()
        workers[thread].postMessage({ id, job }, kind.lent?.(job) ?? [])
      })
    },
    async close() {
      closing = true
      fail(new TagwrightError('cancelled', 'The loader was closed.'))
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}

const threadError = (reason: string) =>
  new TagwrightError('data-thread-failed', `A decode thread stopped: ${reason}. Start the run again.`)
