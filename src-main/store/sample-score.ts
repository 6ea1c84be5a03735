/**
 * Table `sample_score`: one figure per sample and kind (`loss`, `uncertainty`, `disagreement`...), by which the gallery
 * filters and sorts. Written by jobs; a new figure replaces the old.
 */
import { atomically, sql, type ReadDb, type WriteDb } from './db'

export function putSampleScores(db: WriteDb, kind: string, scores: Iterable<{ sample: number; value: number }>): void {
  atomically(db, () => {
    const put = sql(
      db,
      'INSERT INTO sample_score (kind, sample_id, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    )
    for (const { sample, value } of scores) if (Number.isFinite(value)) put.run(kind, sample, value)
  })
}

/** Returns the number of figures that were there. */
export const deleteSampleScores = (db: WriteDb, kind: string): number =>
  atomically(db, () => sql(db, 'DELETE FROM sample_score WHERE kind = ?').run(kind).changes)

export const listScoreKinds = (db: ReadDb): { kind: string; samples: number }[] =>
  sql<{ kind: string; samples: number }>(
    db,
    'SELECT kind, count(*) AS samples FROM sample_score GROUP BY kind ORDER BY kind',
  ).all()
