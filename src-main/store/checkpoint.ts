/** Table `checkpoint`: the weight files of runs. One row per run and kind. */
import { atomically, sql, type ReadDb, type WriteDb } from './db'
import { runSeq } from './run'

export interface Checkpoint {
  /** `last`, `best`... */
  kind: string
  step: number
  epoch: number
  /** Relative to the project folder. */
  file: string
  score: number | null
  createdAt: string
}

export function putCheckpoint(
  db: WriteDb,
  run: string,
  checkpoint: Omit<Checkpoint, 'createdAt'>,
  now = new Date(),
): void {
  atomically(db, () =>
    sql(
      db,
      `INSERT INTO checkpoint (run_seq, kind, step, epoch, file, score, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (run_seq, kind) DO UPDATE SET step = excluded.step, epoch = excluded.epoch, file = excluded.file,
         score = excluded.score, created_at = excluded.created_at`,
    ).run(
      runSeq(db, run),
      checkpoint.kind,
      checkpoint.step,
      checkpoint.epoch,
      checkpoint.file,
      checkpoint.score,
      now.toISOString(),
    ),
  )
}

export const listCheckpoints = (db: ReadDb, run: string): Checkpoint[] =>
  sql<Checkpoint>(
    db,
    'SELECT kind, step, epoch, file, score, created_at AS createdAt FROM checkpoint WHERE run_seq = ? ORDER BY id',
  ).all(runSeq(db, run))
