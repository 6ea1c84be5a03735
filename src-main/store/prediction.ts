/**
 * Tables `prediction` (one row per source and sample: the model looked at it) and `prediction_box` (what it found, and
 * what somebody decided about it). Decisions are written by change.ts; new predictions replace those that wait.
 */
import type { Detection } from '@shared/domain/detection'
import { atomically, sql, type ReadDb, type WriteDb } from './db'
import type { PredictionBoxRow } from './rows'

export interface SamplePrediction {
  sampleId: number
  /** Labels are label ids here. */
  detections: Detection[]
}

/** A rejected detection that a model repeats with at least this IoU stays rejected. */
const sameBox = 0.8

/**
 * Replaces what waits of the source on these samples. A detection that repeats a decided one (same label, IoU of at
 * least .8) is not asked about again.
 * @param source `run:r3`, or the path of a model file.
 */
export function putPredictions(
  db: WriteDb,
  source: string,
  predictions: readonly SamplePrediction[],
  now = new Date(),
): void {
  atomically(db, () => {
    const put = sql(
      db,
      `INSERT INTO prediction (source, sample_id, max_score, created_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (source, sample_id) DO UPDATE SET max_score = excluded.max_score, created_at = excluded.created_at`,
    )
    const forget = sql(db, `DELETE FROM prediction_box WHERE source = ? AND sample_id = ? AND state = 'pending'`)
    const decided = sql<PredictionBoxRow>(db, 'SELECT * FROM prediction_box WHERE source = ? AND sample_id = ?')
    const insert = sql(
      db,
      `INSERT INTO prediction_box (source, sample_id, label_id, score, x1, y1, x2, y2, keypoints)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    const at = now.toISOString()
    for (const { sampleId, detections } of predictions) {
      const top = detections.reduce<number | null>(
        (best, { score }) => (best === null || score > best ? score : best),
        null,
      )
      put.run(source, sampleId, top, at)
      forget.run(source, sampleId)
      const kept = decided.all(source, sampleId)
      for (const { label, score, box, keypoints } of detections) {
        const repeats = (row: PredictionBoxRow) =>
          row.label_id === label && boxOverlap([row.x1, row.y1, row.x2, row.y2], box) >= sameBox
        if (!kept.some(repeats))
          insert.run(source, sampleId, label, score, ...box, keypoints ? JSON.stringify(keypoints) : null)
      }
    }
  })
}

type Box = readonly [number, number, number, number]

/** Intersection over union of corner boxes. */
export function boxOverlap(a: Box, b: Box): number {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (w <= 0 || h <= 0) return 0
  const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1])
  return (w * h) / (area(a) + area(b) - w * h)
}

export interface PredictionFilter {
  sample?: number
  source?: string
  states?: readonly string[]
  minScore?: number
}

/** Best first. */
export function listPredictionBoxes(db: ReadDb, filter: PredictionFilter = {}): PredictionBoxRow[] {
  return sql<PredictionBoxRow>(
    db,
    `SELECT * FROM prediction_box WHERE (@sample IS NULL OR sample_id = @sample) AND (@source IS NULL OR source = @source)
       AND (@states IS NULL OR state IN (SELECT value FROM json_each(@states))) AND score >= @minScore
     ORDER BY score DESC, id`,
  ).all({
    sample: filter.sample ?? null,
    source: filter.source ?? null,
    states: filter.states ? JSON.stringify(filter.states) : null,
    minScore: filter.minScore ?? -Infinity,
  })
}

/** In the order of the ids; those that are gone are left out. */
export function getPredictionBoxes(db: ReadDb, ids: readonly number[]): PredictionBoxRow[] {
  const rows = sql<PredictionBoxRow>(
    db,
    'SELECT * FROM prediction_box WHERE id IN (SELECT value FROM json_each(?))',
  ).all(JSON.stringify(ids))
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

export interface PredictionSource {
  source: string
  samples: number
  pending: number
  accepted: number
  rejected: number
  createdAt: string
}

/** Newest first. */
export function listPredictionSources(db: ReadDb): PredictionSource[] {
  const states = new Map<string, Record<string, number>>()
  const counts = sql<{ source: string; state: string; n: number }>(
    db,
    'SELECT source, state, count(*) AS n FROM prediction_box GROUP BY source, state',
  )
  for (const { source, state, n } of counts.iterate()) states.set(source, { ...states.get(source), [state]: n })
  return sql<{ source: string; samples: number; createdAt: string }>(
    db,
    `SELECT source, count(*) AS samples, max(created_at) AS createdAt FROM prediction GROUP BY source
     ORDER BY createdAt DESC, source`,
  )
    .all()
    .map((row) => {
      const { pending = 0, accepted = 0, rejected = 0 } = states.get(row.source) ?? {}
      return { ...row, pending, accepted, rejected }
    })
}

/** Forgets boxes in these states, and that the model looked at samples of which nothing is left. Returns the number. */
export function deletePredictions(
  db: WriteDb,
  source: string,
  { states, samples }: { states?: readonly string[]; samples?: readonly number[] } = {},
): number {
  return atomically(db, () => {
    const args = {
      source,
      states: states ? JSON.stringify(states) : null,
      samples: samples ? JSON.stringify(samples) : null,
    }
    const here = 'AND (@samples IS NULL OR sample_id IN (SELECT value FROM json_each(@samples)))'
    const removed = sql(
      db,
      `DELETE FROM prediction_box WHERE source = @source ${here}
         AND (@states IS NULL OR state IN (SELECT value FROM json_each(@states)))`,
    ).run(args).changes
    const { states: _, ...rest } = args
    sql(
      db,
      `DELETE FROM prediction WHERE source = @source ${here}
         AND NOT EXISTS (SELECT 1 FROM prediction_box b WHERE b.source = prediction.source AND b.sample_id = prediction.sample_id)`,
    ).run(rest)
    return removed
  })
}
