/** Table `metric`: the curves of runs. */
import type { Metric } from '@shared/domain/metric'
import { atomically, sql, type ReadDb, type WriteDb } from './db'
import { runSeq } from './run'

/** `value` is null where the measured one was NaN or infinite. */
export type MetricRow = Omit<Metric, 'value'> & { value: number | null }

/** Appends in one transaction; returns the cursor after the last row. */
export function appendMetrics(db: WriteDb, run: string, metrics: readonly Metric[]): number {
  return atomically(db, () => {
    const seq = runSeq(db, run)
    const insert = sql(db, 'INSERT INTO metric (run_seq, step, epoch, series, value) VALUES (?, ?, ?, ?, ?)')
    let cursor = 0
    for (const { step, epoch, series, value } of metrics) {
      cursor = Number(insert.run(seq, step, epoch, series, Number.isFinite(value) ? value : null).lastInsertRowid)
    }
    return cursor || metricCursor(db, run)
  })
}

/** Rows written after the cursor, in that order; the answer's cursor asks for the next ones. Start with 0. */
export function metricsSince(
  db: ReadDb,
  run: string,
  after = 0,
  limit = 10_000,
): { rows: MetricRow[]; cursor: number } {
  const rows = sql<MetricRow & { id: number }>(
    db,
    'SELECT id, step, epoch, series, value FROM metric WHERE run_seq = ? AND id > ? ORDER BY id LIMIT ?',
  ).all(runSeq(db, run), after, limit)
  return {
    rows: rows.map(({ step, epoch, series, value }) => ({ step, epoch, series, value })),
    cursor: rows.at(-1)?.id ?? after,
  }
}

export function metricCursor(db: ReadDb, run: string): number {
  return (
    sql<{ id: number | null }>(db, 'SELECT max(id) AS id FROM metric WHERE run_seq = ?').get(runSeq(db, run))?.id ?? 0
  )
}

/** Before a run continues from a checkpoint at `step`: what came after it will be measured again. Returns the number. */
export function deleteMetricsAfter(db: WriteDb, run: string, step: number): number {
  return atomically(
    db,
    () => sql(db, 'DELETE FROM metric WHERE run_seq = ? AND step > ?').run(runSeq(db, run), step).changes,
  )
}

/** A series in buckets of equal width: columns of equal length, by rising step. */
export interface SeriesSummary {
  series: string
  /** Rows with a finite value. */
  count: number
  /** Of the bucket's last row. */
  step: number[]
  epoch: number[]
  min: number[]
  max: number[]
  mean: number[]
  last: number[]
}

/** One pass over the run's rows. Steps `from` to `to`, both inclusive; default all. */
export function summarizeMetrics(
  db: ReadDb,
  run: string,
  { series, buckets, from, to }: { series?: readonly string[]; buckets: number; from?: number; to?: number },
): { series: SeriesSummary[]; cursor: number } {
  const seq = runSeq(db, run)
  const ends = sql<{ low: number | null; high: number | null; cursor: number | null }>(
    db,
    'SELECT min(step) AS low, max(step) AS high, max(id) AS cursor FROM metric WHERE run_seq = ?',
  ).get(seq)!
  if (ends.low === null) return { series: [], cursor: 0 }
  const low = from ?? ends.low
  const width = Math.max(1, ((to ?? ends.high!) - low + 1) / buckets)
  const rows = sql(
    db,
    `SELECT series, step, epoch, value FROM metric WHERE run_seq = ? AND id <= ? AND value IS NOT NULL
       AND step BETWEEN ? AND ? AND (? IS NULL OR series IN (SELECT value FROM json_each(?))) ORDER BY id`,
  ).raw() as unknown as {
    iterate(...args: unknown[]): Iterable<[series: string, step: number, epoch: number, value: number]>
  }
  const wanted = series ? JSON.stringify(series) : null
  const found = new Map<string, SeriesSummary & { bucket: number; inBucket: number }>()
  for (const [name, step, epoch, value] of rows.iterate(seq, ends.cursor, low, to ?? ends.high, wanted, wanted)) {
    let one = found.get(name)
    if (!one) {
      one = {
        series: name,
        count: 0,
        step: [],
        epoch: [],
        min: [],
        max: [],
        mean: [],
        last: [],
        bucket: -1,
        inBucket: 0,
      }
      found.set(name, one)
    }
    const bucket = Math.floor((step - low) / width)
    if (bucket !== one.bucket) {
      one.bucket = bucket
      one.inBucket = 0
      one.min.push(value)
      one.max.push(value)
      one.mean.push(0)
      one.step.push(step)
      one.epoch.push(epoch)
      one.last.push(value)
    }
    const at = one.step.length - 1
    one.count++
    one.inBucket++
    one.step[at] = step
    one.epoch[at] = epoch
    one.last[at] = value
    if (value < one.min[at]) one.min[at] = value
    if (value > one.max[at]) one.max[at] = value
    one.mean[at] += (value - one.mean[at]) / one.inBucket
  }
  const result = [...found.values()].sort((a, b) => (a.series < b.series ? -1 : 1))
  return { series: result.map(({ bucket: _, inBucket: __, ...one }) => one), cursor: ends.cursor! }
}

/** Alphabetical. */
export const listSeries = (db: ReadDb, run: string): string[] =>
  sql<{ series: string }>(db, 'SELECT DISTINCT series FROM metric WHERE run_seq = ? ORDER BY series')
    .all(runSeq(db, run))
    .map((row) => row.series)
