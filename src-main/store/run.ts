/** Table `run`: a training run. Ids are `r1`, `r2`...; files lie in `runs/<id>`. */
import type { ErrorShape } from '@shared/base/errors'
import { TagwrightError } from '@shared/base/errors'
import type { Score } from '@shared/domain/score'
import { atomically, sql, type ReadDb, type WriteDb } from './db'
import type { JobStatus } from './job'
import { fromJson, toJson } from './json'

export type RunScore = Score
export interface RunRow {
  id: string
  name: string
  task: string
  status: JobStatus
  model: string
  recipe: Record<string, unknown>
  recipeHash: string | null
  job: number | null
  snapshot: number | null
  provider: string | null
  /** Epochs and steps done so far. */
  epoch: number
  step: number
  best: RunScore | null
  last: RunScore | null
  seconds: number | null
  imagesPerSecond: number | null
  dataWait: number | null
  error: ErrorShape | null
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
}

interface Row {
  seq: number
  id: string
  name: string
  task: string
  status: string
  model: string
  recipe: string
  recipe_hash: string | null
  job_id: number | null
  snapshot_id: number | null
  provider: string | null
  epoch: number
  step: number
  best: string | null
  last: string | null
  seconds: number | null
  images_per_second: number | null
  data_wait: number | null
  error: string | null
  created_at: string
  started_at: string | null
  finished_at: string | null
}
const toRun = (row: Row): RunRow => ({
  id: row.id,
  name: row.name,
  task: row.task,
  status: row.status as JobStatus,
  model: row.model,
  recipe: JSON.parse(row.recipe) as Record<string, unknown>,
  recipeHash: row.recipe_hash,
  job: row.job_id,
  snapshot: row.snapshot_id,
  provider: row.provider,
  epoch: row.epoch,
  step: row.step,
  best: fromJson(row.best),
  last: fromJson(row.last),
  seconds: row.seconds,
  imagesPerSecond: row.images_per_second,
  dataWait: row.data_wait,
  error: fromJson(row.error),
  createdAt: row.created_at,
  startedAt: row.started_at,
  finishedAt: row.finished_at,
})

export interface NewRun {
  /** Default: the id. */
  name?: string
  task: string
  model: string
  recipe: Record<string, unknown>
}

/** A new run, status `queued`. Ids are never used again. */
export function createRun(db: WriteDb, run: NewRun, now = new Date()): RunRow {
  return atomically(db, () => {
    const last = sql<{ seq: number }>(db, `SELECT seq FROM sqlite_sequence WHERE name = 'run'`).get()?.seq ?? 0
    const id = `r${last + 1}`
    sql(
      db,
      `INSERT INTO run (id, name, task, status, model, recipe, created_at) VALUES (?, ?, ?, 'queued', ?, ?, ?)`,
    ).run(id, run.name ?? id, run.task, run.model, JSON.stringify(run.recipe), now.toISOString())
    return getRun(db, id)
  })
}

/** Fields left out stay. `running` stamps startedAt (once), a final status stamps finishedAt. */
export type RunPatch = Partial<Omit<RunRow, 'id' | 'task' | 'createdAt' | 'startedAt' | 'finishedAt'>>

/** Throws `not-found`. */
export function updateRun(db: WriteDb, id: string, patch: RunPatch, now = new Date()): RunRow {
  return atomically(db, () => {
    const old = getRun(db, id)
    const run = {
      ...old,
      ...Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)),
    } as RunRow
    const ended =
      run.status === 'done' || run.status === 'failed' || run.status === 'cancelled' || run.status === 'interrupted'
    const startedAt = run.status === 'running' ? (old.startedAt ?? now.toISOString()) : old.startedAt
    const finishedAt = ended ? (patch.status ? now.toISOString() : old.finishedAt) : null
    sql(
      db,
      `UPDATE run SET name = ?, status = ?, model = ?, recipe = ?, recipe_hash = ?, job_id = ?, snapshot_id = ?, provider = ?,
         epoch = ?, step = ?, best = ?, last = ?, seconds = ?, images_per_second = ?, data_wait = ?, error = ?,
         started_at = ?, finished_at = ? WHERE id = ?`,
    ).run(
      run.name,
      run.status,
      run.model,
      JSON.stringify(run.recipe),
      run.recipeHash,
      run.job,
      run.snapshot,
      run.provider,
      run.epoch,
      run.step,
      toJson(run.best),
      toJson(run.last),
      run.seconds,
      run.imagesPerSecond,
      run.dataWait,
      toJson(run.error),
      startedAt,
      finishedAt,
      id,
    )
    return getRun(db, id)
  })
}

/** Throws `not-found`. */
export function getRun(db: ReadDb, id: string): RunRow {
  const row = sql<Row>(db, 'SELECT * FROM run WHERE id = ?').get(id)
  if (!row) throw new TagwrightError('not-found', `There is no run "${id}".`, { run: id })
  return toRun(row)
}

/**
 * By id, by name (the newest of that name) or `latest`. Throws `not-found` with the known runs.
 */
export function findRun(db: ReadDb, ref: string): RunRow {
  const row =
    sql<Row>(db, 'SELECT * FROM run WHERE id = ?').get(ref) ??
    sql<Row>(db, 'SELECT * FROM run WHERE name = ? ORDER BY seq DESC LIMIT 1').get(ref) ??
    (ref === 'latest' ? sql<Row>(db, 'SELECT * FROM run ORDER BY seq DESC LIMIT 1').get() : undefined)
  if (row) return toRun(row)
  const known = listRuns(db).map((run) => (run.name === run.id ? run.id : `${run.id} (${run.name})`))
  const list = known.length > 0 ? `Known: ${known.slice(-10).join(', ')}.` : 'There is none yet; start one with train.'
  throw new TagwrightError('not-found', `There is no run "${ref}". ${list}`, { run: ref })
}

/** Oldest first. */
export const listRuns = (db: ReadDb): RunRow[] => sql<Row>(db, 'SELECT * FROM run ORDER BY seq').all().map(toRun)

/** The row number that metrics, checkpoints and artifacts refer to. Throws `not-found`. */
export function runSeq(db: ReadDb, id: string): number {
  const row = sql<{ seq: number }>(db, 'SELECT seq FROM run WHERE id = ?').get(id)
  if (!row) throw new TagwrightError('not-found', `There is no run "${id}".`, { run: id })
  return row.seq
}

/** Removes the row and its metrics, checkpoints, artifacts and evaluations; files are the caller's business. */
export function deleteRun(db: WriteDb, id: string): void {
  atomically(db, () => sql(db, 'DELETE FROM run WHERE seq = ?').run(runSeq(db, id)))
}
