/** Table `job`: anything long. The row is the truth; who runs it is the queue's business. */
import type { ErrorShape } from '@shared/base/errors'
import { TagwrightError } from '@shared/base/errors'
import { atomically, sql, type ReadDb, type WriteDb } from './db'
import { fromJson, toJson } from './json'

export type JobStatus = 'queued' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled' | 'interrupted'
export interface JobProgress {
  phase: string
  done: number
  total: number | null
}
export interface JobRow {
  id: number
  kind: string
  params: unknown
  status: JobStatus
  progress: JobProgress | null
  result: unknown
  error: ErrorShape | null
  /** The run that this job carries. */
  run: string | null
  /** ISO 8601, UTC. */
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
}

interface Row {
  id: number
  kind: string
  params: string
  status: string
  progress: string | null
  result: string | null
  error: string | null
  run_id: string | null
  created_at: string
  started_at: string | null
  finished_at: string | null
}
const toJob = (row: Row): JobRow => ({
  id: row.id,
  kind: row.kind,
  params: JSON.parse(row.params),
  status: row.status as JobStatus,
  progress: fromJson(row.progress),
  result: fromJson(row.result),
  error: fromJson(row.error),
  run: row.run_id,
  createdAt: row.created_at,
  startedAt: row.started_at,
  finishedAt: row.finished_at,
})

/** A new job, status `queued`. */
export function createJob(
  db: WriteDb,
  job: { kind: string; params: unknown; run?: string | null },
  now = new Date(),
): JobRow {
  return atomically(db, () => {
    const insert = sql(db, `INSERT INTO job (kind, params, status, run_id, created_at) VALUES (?, ?, 'queued', ?, ?)`)
    const id = Number(
      insert.run(job.kind, JSON.stringify(job.params ?? null), job.run ?? null, now.toISOString()).lastInsertRowid,
    )
    return getJob(db, id)
  })
}

export interface JobPatch {
  status?: JobStatus
  progress?: JobProgress | null
  result?: unknown
  error?: ErrorShape | null
  run?: string | null
}

/**
 * Writes the given fields. `running` stamps startedAt (once), a final status stamps finishedAt, `queued` clears the
 * result of an earlier attempt. Throws `not-found`.
 */
export function updateJob(db: WriteDb, id: number, patch: JobPatch, now = new Date()): JobRow {
  return atomically(db, () => {
    const old = getJob(db, id)
    const status = patch.status ?? old.status
    const again = patch.status === 'queued' && old.status !== 'queued'
    const ended = patch.status !== undefined && isFinalStatus(patch.status)
    sql(
      db,
      'UPDATE job SET status = ?, progress = ?, result = ?, error = ?, run_id = ?, started_at = ?, finished_at = ? WHERE id = ?',
    ).run(
      status,
      toJson(pick(patch.progress, again ? null : old.progress)),
      toJson(pick(patch.result, again ? null : old.result)),
      toJson(pick(patch.error, again ? null : old.error)),
      pick(patch.run, old.run),
      again ? null : patch.status === 'running' ? (old.startedAt ?? now.toISOString()) : old.startedAt,
      ended ? now.toISOString() : again || patch.status === 'running' ? null : old.finishedAt,
      id,
    )
    return getJob(db, id)
  })
}

const pick = <T>(given: T | undefined, old: T): T => (given === undefined ? old : given)

export const isFinalStatus = (status: JobStatus): boolean =>
  status === 'done' || status === 'failed' || status === 'cancelled' || status === 'interrupted' || status === 'paused'

/** Throws `not-found`. */
export function getJob(db: ReadDb, id: number): JobRow {
  const row = sql<Row>(db, 'SELECT * FROM job WHERE id = ?').get(id)
  if (!row) throw new TagwrightError('not-found', `There is no job ${id}.`, { job: id })
  return toJob(row)
}

/** Newest first, or in the order in which waiting jobs are to run. */
export function listJobs(
  db: ReadDb,
  options: { status?: JobStatus; limit?: number; inRunOrder?: boolean } = {},
): JobRow[] {
  const limit = options.limit ?? 100
  if (options.status && options.inRunOrder) {
    const text = 'SELECT * FROM job WHERE status = ? ORDER BY run_order IS NULL, run_order, id LIMIT ?'
    return sql<Row>(db, text).all(options.status, limit).map(toJob)
  }
  return options.status
    ? sql<Row>(db, 'SELECT * FROM job WHERE status = ? ORDER BY id DESC LIMIT ?').all(options.status, limit).map(toJob)
    : sql<Row>(db, 'SELECT * FROM job ORDER BY id DESC LIMIT ?').all(limit).map(toJob)
}

/** Waiting jobs run in this order; those that never got a place come after, oldest first. */
export function setJobOrder(db: WriteDb, ids: readonly number[]): void {
  atomically(db, () => {
    const update = sql(db, 'UPDATE job SET run_order = ? WHERE id = ?')
    ids.forEach((id, i) => update.run(i + 1, id))
  })
}

/**
 * At start-up of the project's owner: jobs and runs that are `running` have lost their process and become
 * `interrupted`; paused ones have their checkpoint and stay. Returns the jobs.
 */
export function interruptRunning(db: WriteDb, now = new Date()): JobRow[] {
  return atomically(db, () => {
    const where = `WHERE status = 'running'`
    const ids = sql<{ id: number }>(db, `SELECT id FROM job ${where} ORDER BY id`).all()
    sql(db, `UPDATE run SET status = 'interrupted', finished_at = ? ${where}`).run(now.toISOString())
    return ids.map(({ id }) => updateJob(db, id, { status: 'interrupted' }, now))
  })
}
