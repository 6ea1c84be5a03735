import progress from 'cli-progress'
import { TagwrightError } from '@shared/base/errors'
import type { Job, JobProgress } from '@shared/contract/jobs'
import type { Api, CliContext } from './context'

/**
 * Starts a job and waits for its end: a bar on a terminal, warnings on stderr. Ctrl-C cancels the job and waits for it.
 * Throws the job's error; `cancelled` when it was cancelled.
 */
export async function followJob<R>(cli: CliContext, api: Api, start: () => Promise<{ job: number }>): Promise<R> {
  const bar = process.stderr.isTTY ? createBar() : null
  let id: number | null = null
  const stops = [
    api.jobs.on('progress', (event) => {
      if (event.job === id) bar?.update(event.progress)
    }),
    api.jobs.on('log', (event) => {
      if (event.job === id && event.level === 'warning') cli.note(`Warning: ${event.message}`)
    }),
  ]
  let cancel = () => {}
  try {
    cli.signal.throwIfAborted()
    id = (await start()).job
    const job = id
    cancel = () => void api.jobs.cancel({ job }).catch(() => {})
    if (cli.signal.aborted) cancel()
    else cli.signal.addEventListener('abort', cancel)
    return resultOf<R>(await api.jobs.wait({ job }))
  } finally {
    cli.signal.removeEventListener('abort', cancel)
    bar?.stop()
    for (const stop of stops) stop()
  }
}

export function resultOf<R>(job: Job): R {
  if (job.status === 'done') return job.result as R
  if (job.status === 'cancelled') throw new TagwrightError('cancelled', 'Cancelled.', { job: job.id, run: job.run })
  const { code, message, details } = job.error ?? { code: 'failed', message: `Job ${job.id} is ${job.status}.` }
  throw new TagwrightError(code, message, { ...details, job: job.id, ...(job.run ? { run: job.run } : {}) })
}

/** One bar whose title is the phase; without a total it counts. */
function createBar() {
  const bar = new progress.SingleBar(
    {
      format: ' {phase} |{bar}| {done}',
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 50,
    },
    progress.Presets.shades_classic,
  )
  let started = false
  return {
    update({ phase, done, total }: JobProgress): void {
      const text = total === null ? `${done}` : `${done}/${total}`
      const values = { phase: phase.padEnd(18), done: text }
      if (!started) bar.start(total ?? 1, 0, values)
      started = true
      bar.setTotal(total ?? Math.max(1, done))
      bar.update(total === null ? 0 : done, values)
    },
    stop(): void {
      if (started) bar.stop()
    },
  }
}
