/** Tables `evaluation` and `evaluation_detail`: scores of a model on a part of the data, and what stands behind them. */
import type { SliceOptions, Thresholds } from '@shared/contract/inference'
import { TagwrightError } from '@shared/base/errors'
import { atomically, sql, type ReadDb, type WriteDb } from './db'
import { fromJson, toJson } from './json'
import { runSeq } from './run'

export interface EvaluationRow {
  id: number
  run: string | null
  /** `run:r3`, or the path of a model or predictions file. */
  source: string
  /** null: all samples. */
  split: string | null
  iouType: 'bbox' | 'segm' | 'keypoints' | 'class' | 'image'
  /** Of a run while it trains; null for a finished model. */
  step: number | null
  epoch: number | null
  images: number
  seconds: number | null
  /** Unrounded, in pycocotools' order. */
  stats: number[]
  /** Made by the run itself when it ended. */
  final: boolean
  thresholds: Thresholds | null
  slice: SliceOptions | null
  /** Details are stored. */
  detailed: boolean
  createdAt: string
}

export interface EvaluationDetail {
  /** gzip of JSON. */
  analysis: Buffer
  objects: Buffer
}

export type NewEvaluation = Omit<EvaluationRow, 'id' | 'createdAt' | 'detailed' | 'final' | 'thresholds' | 'slice'> &
  Partial<Pick<EvaluationRow, 'final' | 'thresholds' | 'slice'>> & {
    /** The whole result as the contract gives it. */
    result: unknown
    detail?: EvaluationDetail | null
  }

export function addEvaluation(db: WriteDb, evaluation: NewEvaluation, now = new Date()): number {
  return atomically(db, () => {
    const insert = sql(
      db,
      `INSERT INTO evaluation (run_seq, source, split, iou_type, step, epoch, images, seconds, stats, result, final,
         thresholds, slice, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
      evaluation.final ? 1 : 0,
      toJson(evaluation.thresholds ?? null),
      toJson(evaluation.slice ?? null),
      now.toISOString(),
    )
    const id = Number(row.lastInsertRowid)
    const { detail } = evaluation
    if (detail) {
      sql(db, 'INSERT INTO evaluation_detail (evaluation_id, analysis, objects) VALUES (?, ?, ?)').run(
        id,
        detail.analysis,
        detail.objects,
      )
    }
    return id
  })
}

interface Row extends Omit<EvaluationRow, 'stats' | 'final' | 'thresholds' | 'slice' | 'detailed'> {
  stats: string
  final: number
  thresholds: string | null
  slice: string | null
  detailed: number
}
const select = `SELECT evaluation.id, run.id AS run, source, split, iou_type AS iouType, evaluation.step, evaluation.epoch,
    images, evaluation.seconds, stats, final, thresholds, slice, evaluation.created_at AS createdAt,
    EXISTS (SELECT 1 FROM evaluation_detail WHERE evaluation_id = evaluation.id) AS detailed
  FROM evaluation LEFT JOIN run ON run.seq = run_seq`
const toEvaluation = (row: Row): EvaluationRow => ({
  ...row,
  stats: JSON.parse(row.stats) as number[],
  final: row.final === 1,
  thresholds: fromJson(row.thresholds),
  slice: fromJson(row.slice),
  detailed: row.detailed === 1,
})

/** Oldest first; of one run, or all. */
export function listEvaluations(db: ReadDb, run?: string): EvaluationRow[] {
  const rows = run
    ? sql<Row>(db, `${select} WHERE run.id = ? ORDER BY evaluation.id`).all(run)
    : sql<Row>(db, `${select} ORDER BY evaluation.id`).all()
  return rows.map(toEvaluation)
}

/** Throws `not-found`. */
export function getEvaluation(db: ReadDb, id: number): EvaluationRow {
  const row = sql<Row>(db, `${select} WHERE evaluation.id = ?`).get(id)
  if (!row) throw new TagwrightError('not-found', `There is no evaluation ${id}. List them again.`, { evaluation: id })
  return toEvaluation(row)
}

/** What was given as `result`. */
export const evaluationResult = (db: ReadDb, id: number): unknown =>
  JSON.parse(sql<{ result: string }>(db, 'SELECT result FROM evaluation WHERE id = ?').get(id)?.result ?? 'null')

/** gzip of JSON; null when none is stored. */
export const evaluationPart = (db: ReadDb, id: number, part: keyof EvaluationDetail): Buffer | null =>
  sql<{ data: Buffer }>(db, `SELECT ${part} AS data FROM evaluation_detail WHERE evaluation_id = ?`).get(id)?.data ??
  null

export function deleteEvaluation(db: WriteDb, id: number): void {
  atomically(db, () => sql(db, 'DELETE FROM evaluation WHERE id = ?').run(id))
}
