/** Table `learning_curves`: the last ones that were measured. */
import { atomically, sql, type ReadDb, type WriteDb } from './db'

export function putLearningCurves(
  db: WriteDb,
  { result, revision, createdAt }: { result: unknown; revision: number; createdAt: string },
): void {
  atomically(db, () =>
    sql(
      db,
      `INSERT INTO learning_curves (id, result, revision, created_at) VALUES (1, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET result = excluded.result, revision = excluded.revision, created_at = excluded.created_at`,
    ).run(JSON.stringify(result), revision, createdAt),
  )
}

/** As it was given; null: never measured. */
export function getLearningCurves(db: ReadDb): unknown {
  const row = sql<{ result: string }>(db, 'SELECT result FROM learning_curves').get()
  return row ? JSON.parse(row.result) : null
}
