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
