/** Table `prediction`: what a model says about a sample. One row per model and sample; a new one replaces the old. */
import type { Detection } from '@shared/domain/detection'
import { atomically, sql, type ReadDb, type WriteDb } from './db'

export interface SamplePrediction {
  sampleId: number
  detections: Detection[]
}

/** @param source `run:r3`, or the path of a model file. */
export function putPredictions(
  db: WriteDb,
  source: string,
  predictions: readonly SamplePrediction[],
  now = new Date(),
): void {
  atomically(db, () => {
    const put = sql(
      db,
      `INSERT INTO prediction (source, sample_id, detections, max_score, created_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (source, sample_id) DO UPDATE SET detections = excluded.detections, max_score = excluded.max_score,
         created_at = excluded.created_at`,
    )
    const at = now.toISOString()
    for (const { sampleId, detections } of predictions) {
      const top = detections.reduce<number | null>(
        (best, { score }) => (best === null || score > best ? score : best),
        null,
      )
      put.run(source, sampleId, JSON.stringify(detections), top, at)
    }
  })
}

/** All models' predictions on a sample, by source. */
export function samplePredictions(db: ReadDb, sampleId: number): { source: string; detections: Detection[] }[] {
  return sql<{ source: string; detections: string }>(
    db,
    'SELECT source, detections FROM prediction WHERE sample_id = ? ORDER BY id',
  )
    .all(sampleId)
    .map((row) => ({ source: row.source, detections: JSON.parse(row.detections) as Detection[] }))
}

/** A model's predictions, by sample id. */
export function listPredictions(db: ReadDb, source: string, after = 0, limit = 1000): SamplePrediction[] {
  return sql<{ sample_id: number; detections: string }>(
    db,
    'SELECT sample_id, detections FROM prediction WHERE source = ? AND sample_id > ? ORDER BY sample_id LIMIT ?',
  )
    .all(source, after, limit)
    .map((row) => ({ sampleId: row.sample_id, detections: JSON.parse(row.detections) as Detection[] }))
}

export function deletePredictions(db: WriteDb, source: string): number {
  return atomically(db, () => sql(db, 'DELETE FROM prediction WHERE source = ?').run(source).changes)
}
