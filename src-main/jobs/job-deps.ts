import { TagwrightError } from '@shared/base/errors'
import type { StudioContracts } from '@shared/contract'
import type { Hub } from '@shared/contract/rpc'
import type { LiveRun } from '@shared/contract/runs'
import type { Store } from '../store/store'
import type { WeightsFolder } from './weights-folder'
import type { StartWorker } from './worker-process'

/** What jobs that use a worker process are made of. */
export interface JobDeps {
  /** The open project's store; null when none is open. */
  store(): Store | null
  startWorker: StartWorker
  hub: Hub<StudioContracts>
  /** Built file of read-thread.ts; without it large files are read where their rows are written. */
  readThread?: string | null
  /** What is known about runs that run now, by run id. */
  liveRuns?: Map<string, LiveRun>
  /** The person's start weights; without them `--weights` takes files and runs only. */
  weights?: WeightsFolder
  /** For tests; see call-worker.ts. */
  silenceMs?: number
  graceMs?: number
}

/** Throws `no-project`. */
export function needStore({ store }: Pick<JobDeps, 'store'>): Store {
  const open = store()
  if (open) return open
  throw new TagwrightError('no-project', 'No project is open. Name one: tagwright <command> <project>.')
}
