import { stripVTControlCharacters } from 'node:util'
import { TagwrightError } from '@shared/base/errors'
import { client, serve, type CallOptions, type ServiceClient } from '@shared/contract/rpc'
import { workerContracts, workerHostContracts, type workerContract } from '@shared/contract/worker'
import type { Metric } from '@shared/domain/metric'
import type { JobContext } from './define-job'
import { watchSilence } from './watch-silence'
import type { StartWorker } from './worker-process'

export type WorkerClient = ServiceClient<typeof workerContract>

export interface CallWorkerOptions {
  startWorker: StartWorker
  context: Pick<JobContext, 'signal' | 'report' | 'log'>
  /** Stores rows; the worker goes on when this has returned. */
  metrics?: (rows: Metric[]) => void
  /** After an abort the worker may finish its step and write a checkpoint; then it is killed. */
  graceMs?: number
  /**
   * Without a heartbeat for so long it is killed. A worker sends one every two seconds, but not while ONNX Runtime
   * builds a session or runs one step, which on a slow machine takes a minute.
   */
  silenceMs?: number
}

/**
 * Starts a worker process for one call and ends it afterwards.
 * Throws what the worker's method threw; `cancelled` when the signal aborted; `interrupted` when the process ended, was
 * killed or fell silent, with the reason and the last lines it wrote.
 */
export async function callWorker<T>(
  { startWorker, context, metrics, graceMs = 30_000, silenceMs = 180_000 }: CallWorkerOptions,
  call: (worker: WorkerClient, options: CallOptions) => Promise<T>,
): Promise<T> {
  const { signal, report, log } = context
  signal.throwIfAborted()
  const process = startWorker()
  const worker = client(workerContracts, process.wire).worker
  const output: string[] = []
  process.onOutput((text) => {
    const line = stripVTControlCharacters(text)
    output.push(line)
    if (output.length > 20) output.shift()
  })
  const host = {
    metrics({ metrics: rows }: { metrics: Metric[] }) {
      metrics?.(rows)
    },
  }
  const server = serve(workerHostContracts, { host }, process.wire)

  let killed: string | null = null
  const kill = (reason: string) => {
    killed ??= reason
    process.kill()
  }
  const silence = watchSilence(silenceMs, (ms) =>
    kill(`it gave no sign of life for ${Math.round(ms / 1000)} s and was ended`),
  )
  worker.on('heartbeat', silence.sign)
  worker.on('progress', ({ phase, done, total }) => {
    silence.sign()
    report(phase, done, total)
  })
  worker.on('log', ({ level, message }) => log(level, message))
  let grace: NodeJS.Timeout | undefined
  const onAbort = () => {
    grace = setTimeout(() => kill(`it did not stop within ${graceMs / 1000} s and was ended`), graceMs)
  }
  signal.addEventListener('abort', onAbort, { once: true })

  try {
    return await call(worker, { signal, graceful: true })
  } catch (error) {
    if (!(error instanceof TagwrightError) || error.code !== 'disconnected') throw error
    if (signal.aborted) throw new TagwrightError('cancelled', 'The work was cancelled.', undefined, { cause: error })
    throw lost(killed ?? reasonOf(error), output)
  } finally {
    silence.close()
    clearTimeout(grace)
    signal.removeEventListener('abort', onAbort)
    void server.close()
    process.wire.close()
    // It ends by itself when its channel closes, unless native code hangs.
    const end = setTimeout(() => process.kill(), 3000)
    process.wire.onClose(() => clearTimeout(end))
  }
}

const reasonOf = (error: TagwrightError): string =>
  /got no answer: (.*)\. Start it again/.exec(error.message)?.[1] ?? error.message

function lost(reason: string, output: readonly string[]): TagwrightError {
  const memory = reason.includes('SIGKILL')
    ? ' The system ends a process this way when memory runs out: try a smaller batch or image size.'
    : ''
  const last = output.filter((line) => line.trim() !== '').at(-1)
  return new TagwrightError(
    'interrupted',
    `The worker process ended before its work was done: ${reason}.${memory}${last ? ` Its last line was: ${last}` : ''}`,
    { reason, output: [...output] },
  )
}
