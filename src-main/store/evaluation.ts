/** Table `evaluation`: scores of a model on a part of the data. */
import { atomically, sql, type ReadDb, type WriteDb } from './db'
import { runSeq } from './run'

export interface EvaluationRow {
  id: number
  run: string | null
  /** `run:r3:best`, or the path of a model or predictions file. */
  source: string
  /** null: all samples. */
  split: string | null
  iouType: 'bbox' | 'segm' | 'keypoints'
  /** Of a run while it trains; null for a finished model. */
  step: number | null
  epoch: number | null
  images: number
  seconds: number | null
  /** Unrounded, in pycocotools' order. */
  stats: number[]
  /** The whole result as the contract gives it (coco, perClass, thresholds, curves...). */
  result: unknown
  createdAt: string
}

export function addEvaluation(
  db: WriteDb,
  evaluation: Omit<EvaluationRow, 'id' | 'createdAt'>,
  now = new Date(),
): number {
  return atomically(db, () => {
    const insert = sql(
      db,
      `INSERT INTO evaluation (run_seq, source, split, iou_type, step, epoch, images, seconds, stats, result, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    const row = insert.run(
      evaluation.run === null ? null : runSeq(db, evaluation.run),
      evaluation.source,
      evaluation.split,
      evaluation.iouType,
      evaluation.step,
      evaluation.epoch,
      evaluation.images,
      evaluation.seconds,
      JSON.stringify(evaluation.stats),
      JSON.stringify(evaluation.result ?? null),
      now.toISOString(),
    )
    return Number(row.lastInsertRowid)
  })
}

/** Oldest first; of one run, or all. */
export function listEvaluations(db: ReadDb, run?: string): EvaluationRow[] {
  type Row = Omit<EvaluationRow, 'stats' | 'result'> & { stats: string; result: string }
  const text = `SELECT evaluation.id, run.id AS run, source, split, iou_type AS iouType, evaluation.step, evaluation.epoch,
      images, evaluation.seconds, stats, result, evaluation.created_at AS createdAt
    FROM evaluation LEFT JOIN run ON run.seq = run_seq`
  const rows = run
    ? sql<Row>(db, `${text} WHERE run.id = ? ORDER BY evaluation.id`).all(run)
    : sql<Row>(db, `${text} ORDER BY evaluation.id`).all()
  return rows.map((row) => ({
    ...row,
    stats: JSON.parse(row.stats) as number[],
    result: JSON.parse(row.result) as unknown,
  }))
}
