/** Table `snapshot`: which frozen data files exist. Writing them: write-snapshot.ts. */
import type { Split } from '@shared/domain/split'
import { atomically, sql, type ReadDb, type WriteDb } from './db'

export interface SnapshotRow {
  id: number
  file: string
  /** Empty: all samples. */
  splits: Split[]
  samples: number
  annotations: number
  /** sha256 of the uncompressed lines: equal data, equal hash. */
  hash: string
  /** Revision of the project that it shows. */
  revision: number
  createdAt: string
}

export function addSnapshot(db: WriteDb, snapshot: Omit<SnapshotRow, 'id' | 'createdAt'>, now = new Date()): number {
  return atomically(db, () => {
    const insert = sql(
      db,
      'INSERT INTO snapshot (file, splits, samples, annotations, hash, revision, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    const row = insert.run(
      snapshot.file,
      JSON.stringify(snapshot.splits),
      snapshot.samples,
      snapshot.annotations,
      snapshot.hash,
      snapshot.revision,
      now.toISOString(),
    )
    return Number(row.lastInsertRowid)
  })
}

export function getSnapshot(db: ReadDb, id: number): SnapshotRow | null {
  const row = sql<Omit<SnapshotRow, 'splits'> & { splits: string }>(
    db,
    'SELECT id, file, splits, samples, annotations, hash, revision, created_at AS createdAt FROM snapshot WHERE id = ?',
  ).get(id)
  return row ? { ...row, splits: JSON.parse(row.splits) as Split[] } : null
}
