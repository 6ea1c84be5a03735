import type { z } from 'zod'

/** What a running job may use. */
export interface JobContext {
  readonly id: number
  /** Aborts when the job is cancelled or the core closes: stop at the next step, leave nothing half done, throw. */
  readonly signal: AbortSignal
  /** `phase` is what is done now; `total` null when not known. Calls are cheap: clients hear at most ten a second. */
  report(phase: string, done: number, total: number | null): void
  /** For people: shown by clients and kept in the log. */
  log(level: 'info' | 'warning', message: string): void
}

/** Jobs of one lane run one after another; lanes run beside each other. */
export type JobLane = 'train' | 'worker' | 'data' | 'download'

export interface JobDefinition<P extends z.ZodType = z.ZodType, R = unknown> {
  /** kebab-case; the name under which rows are stored, so it never changes. */
  kind: string
  lane: JobLane
  params: P
  /** The answer is stored as JSON. An error with code `cancelled` or `interrupted` sets that status, any other `failed`. */
  run(params: z.output<P>, context: JobContext): Promise<R>
}

/** One kind of long work. Jobs that need services are made by functions: `importJob(store) => defineJob({...})`. */
export function defineJob<P extends z.ZodType, R>(definition: JobDefinition<P, R>): JobDefinition<P, R> {
  return definition
}
