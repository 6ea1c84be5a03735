import type { StartWorker } from '../jobs/worker-process'
import type { UserFolders } from '../store/user-folders'

/** What a host supplies; everything else is the same product everywhere. */
export interface Ports {
  host: 'cli' | 'browser' | 'electron'
  /** Of the product. */
  version: string
  nativeDialogs: boolean
  /** Folder of the built window; null: this host shows none. Entries compute it; shared code lies elsewhere. */
  ui: string | null
  /** Built file of jobs/read-thread.ts; null: there is none. */
  readThread: string | null
  folders: UserFolders
  /** Shows a file in the system's file manager; null: there is none. */
  reveal: ((path: string) => Promise<void>) | null
  startWorker: StartWorker
  /** For people who look for a fault; never shown as the answer of a command. */
  log(level: 'info' | 'warning' | 'error', message: string): void
  /** true: jobs left queued by an earlier process are started. A host that lives for one command leaves them. */
  startsQueuedJobs: boolean
  /** Patience with worker processes, see jobs/call-worker.ts; the defaults suit people. */
  workerLimits?: { silenceMs?: number; graceMs?: number }
  /** ms from opening a project to the first look at its files; see services/image-keeper.ts. */
  keeperDelay?: number
}
