/** Where the queue keeps its rows: the project's store, or memory when there is no project. */
import type { ErrorShape } from '@shared/base/errors'
import type { Job, JobProgress, JobStatus } from '@shared/contract/jobs'

export interface JobPatch {
  status?: JobStatus
  progress?: JobProgress | null
  result?: unknown
  error?: ErrorShape | null
  startedAt?: string
  finishedAt?: string
}

export interface JobRows {
  /** A new row in state `queued`. */
  insert(job: { kind: string; params: unknown; run: string | null; createdAt: string }): Job
  get(id: number): Job | null
  /** Newest first. */
  list(limit: number): Job[]
  /** Oldest first. */
  withStatus(status: JobStatus): Job[]
  update(id: number, patch: JobPatch): Job
}

export function memoryJobRows(): JobRows {
  const rows = new Map<number, Job>()
  return {
    insert(job) {
      const row: Job = {
        ...job,
        id: rows.size + 1,
        status: 'queued',
        progress: null,
        result: null,
        error: null,
        startedAt: null,
        finishedAt: null,
      }
      rows.set(row.id, row)
      return { ...row }
    },
    get: (id) => (rows.has(id) ? { ...rows.get(id)! } : null),
    list: (limit) => [...rows.values()].reverse().slice(0, limit),
    withStatus: (status) => [...rows.values()].filter((row) => row.status === status),
    update(id, patch) {
      const row = { ...rows.get(id)!, ...patch }
      rows.set(id, row)
      return { ...row }
    },
  }
}
