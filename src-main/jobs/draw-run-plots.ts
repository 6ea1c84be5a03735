import type { JobContext } from './define-job'
import type { JobDeps } from './job-deps'

export interface DrawRunPlotsOptions {
  run: string
  evaluation: number
  signal: AbortSignal
  log: JobContext['log']
}

/** @returns the files written into `runs/<id>/plots`. */
export async function drawRunPlots(_deps: JobDeps, _options: DrawRunPlotsOptions): Promise<string[]> {
  return []
}
