/** Table `artifact`: files made from runs or from the project (exports, reports, plots). */
import { atomically, sql, type ReadDb, type WriteDb } from './db'
import { fromJson, toJson } from './json'
import { runSeq } from './run'

export interface Artifact {
  id: number
  /** null: made from the project, not from a run. */
  run: string | null
  /** `onnx`, `dataset`... */
  kind: string
  file: string
  bytes: number | null
  meta: unknown
  createdAt: string
}

export function addArtifact(db: WriteDb, artifact: Omit<Artifact, 'id' | 'createdAt'>, now = new Date()): number {
  return atomically(db, () => {
    const insert = sql(
      db,
      'INSERT INTO artifact (run_seq, kind, file, bytes, meta, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    )
    const seq = artifact.run === null ? null : runSeq(db, artifact.run)
    const row = insert.run(seq, artifact.kind, artifact.file, artifact.bytes, toJson(artifact.meta), now.toISOString())
    return Number(row.lastInsertRowid)
  })
}

/** Oldest first; of one run, or all. */
export function listArtifacts(db: ReadDb, run?: string): Artifact[] {
  const text = `SELECT artifact.id, run.id AS run, kind, file, bytes, meta, artifact.created_at AS createdAt
    FROM artifact LEFT JOIN run ON run.seq = run_seq`
  type Row = Omit<Artifact, 'meta'> & { meta: string | null }
  const rows = run
    ? sql<Row>(db, `${text} WHERE run.id = ? ORDER BY artifact.id`).all(run)
    : sql<Row>(db, `${text} ORDER BY artifact.id`).all()
  return rows.map((row) => ({ ...row, meta: fromJson(row.meta) }))
}
