import type { Wire } from '@shared/contract/rpc'

/** A worker process as the host started it: see contract/worker.ts for what it answers. */
export interface WorkerProcess {
  wire: Wire
  pid: number | undefined
  /** What it wrote to stdout and stderr, line by line. */
  onOutput(listener: (line: string) => void): void
  kill(): void
}

export type StartWorker = () => WorkerProcess
