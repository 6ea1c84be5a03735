/** Anything long: queued, watched, cancelled. A job's row is the truth; events only say that it changed. */
import { z } from 'zod'
import { defineContract, noInput, noOutput } from './rpc'

export const jobStatusSchema = z.enum(['queued', 'running', 'paused', 'done', 'failed', 'cancelled', 'interrupted'])
export type JobStatus = z.infer<typeof jobStatusSchema>
/** The states that a job does not leave on its own; work that was paused goes on as another job. */
export const finalJobStatuses: readonly JobStatus[] = ['done', 'failed', 'cancelled', 'interrupted', 'paused']

export const jobProgressSchema = z.object({
  /** What is being done now: `reading`, `epoch 3 of 40`. */
  phase: z.string(),
  done: z.number().min(0),
  /** null: not known. */
  total: z.number().min(0).nullable(),
})
export type JobProgress = z.infer<typeof jobProgressSchema>

export const errorShapeSchema = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
})

export const jobSchema = z.object({
  id: z.int(),
  kind: z.string(),
  status: jobStatusSchema,
  params: z.unknown(),
  progress: jobProgressSchema.nullable(),
  /** What `run` returned; null until the job is done. */
  result: z.unknown(),
  error: errorShapeSchema.nullable(),
  /** The run that this job carries. */
  run: z.string().nullable(),
  /** ISO 8601, UTC. */
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
})
export type Job = z.infer<typeof jobSchema>

const byId = z.object({ job: z.int() })

export const jobsContract = defineContract({
  methods: {
    /** Newest first. */
    list: {
      input: z.object({ limit: z.int().min(1).max(1000).default(100) }),
      output: z.object({ jobs: z.array(jobSchema) }),
    },
    get: { input: byId, output: jobSchema },
    /** Answers when the job has reached a final state; cancelling this call leaves the job alone. */
    wait: { input: byId, output: jobSchema },
    /** Asks the job to stop at its next step; a worker that does not is killed after a grace time. */
    cancel: { input: byId, output: noOutput },
    cancelAll: { input: noInput, output: noOutput },
    /** New order of jobs that wait; those of their lane that are left out follow. */
    reorder: { input: z.object({ jobs: z.array(z.int()).min(1) }), output: noOutput },
  },
  events: {
    /** A job was added or changed state. */
    changed: z.object({ job: jobSchema }),
    progress: z.object({ job: z.int(), kind: z.string(), progress: jobProgressSchema }),
    log: z.object({ job: z.int(), level: z.enum(['info', 'warning']), message: z.string() }),
  },
})

/** Answer of every method that starts a job; `jobs.wait` gives its end, `result` is documented at the method. */
export const startedJobSchema = z.object({ job: z.int() })
