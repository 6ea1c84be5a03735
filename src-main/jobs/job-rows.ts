/** Where the queue keeps its rows: the project's store, or memory when there is no project. Rows stamp their own times. */
import { TagwrightError, type ErrorShape } from '@shared/base/errors'
import { finalJobStatuses, type Job, type JobProgress, type JobStatus } from '@shared/contract/jobs'
import type { WriteDb } from '../store/db'
import { createJob, getJob, listJobs, setJobOrder, updateJob } from '../store/job'

export interface JobPatch {
  status?: JobStatus
  progress?: JobProgress | null
  result?: unknown
  error?: ErrorShape | null
}

export interface JobRows {
  /** A new row in state `queued`. */
  insert(job: { kind: string; params: unknown; run: string | null }): Job
  /** Throws `not-found`. */
  get(id: number): Job
  /** Newest first. */
  list(limit: number): Job[]
  /** In the order in which they are to run: oldest first unless `setOrder` said otherwise. */
  withStatus(status: JobStatus): Job[]
  update(id: number, patch: JobPatch): Job
  /** Kept with the rows, so that waiting jobs keep their order over a restart. */
  setOrder(ids: readonly number[]): void
}

export const storeJobRows = (db: WriteDb): JobRows => ({
  insert: (job) => createJob(db, job),
  get: (id) => getJob(db, id),
  list: (limit) => listJobs(db, { limit }),
  withStatus: (status) => listJobs(db, { status, limit: 1_000_000, inRunOrder: true }),
  update: (id, patch) => updateJob(db, id, patch),
  setOrder: (ids) => setJobOrder(db, ids),
})

export function memoryJobRows(): JobRows {
  const rows = new Map<number, Job>()
  const now = () => new Date().toISOString()
  const get = (id: number): Job => {
    const row = rows.get(id)
    if (!row) throw new TagwrightError('not-found', `There is no job ${id}.`, { job: id })
    return { ...row }
  }
  return {
    insert(job) {
      const id = rows.size + 1
      const empty = { progress: null, result: null, error: null, startedAt: null, finishedAt: null }
      rows.set(id, { ...job, id, status: 'queued', ...empty, createdAt: now() })
      return get(id)
    },
    get,
    list: (limit) => [...rows.values()].reverse().slice(0, limit),
    withStatus: (status) => [...rows.values()].filter((row) => row.status === status),
    update(id, patch) {
      const row = { ...get(id), ...patch }
      if (patch.status === 'running') row.startedAt ??= now()
      if (patch.status && finalJobStatuses.includes(patch.status)) row.finishedAt = now()
      rows.set(id, row)
      return get(id)
    },
    // Without a project there is no restart either.
    setOrder() {},
  }
}
