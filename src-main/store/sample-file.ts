/** Table `sample_file`, and the columns of `sample` that background work fills in: hash, state, upright size. */
import { sql, transaction, type ReadDb, type WriteDb } from './db'
import { nextRevision } from './project'
import { imageFile, listRoots } from './root'
import type { SampleRow } from './rows'
import type { SampleState } from './sample'

export interface SampleImage {
  id: number
  /** Absolute path of the image. */
  file: string
  state: SampleState
  hash: string | null
  /** As last seen; null: never looked at. */
  bytes: number | null
  mtime: number | null
}

type Row = Pick<SampleRow, 'id' | 'root_id' | 'path' | 'blob' | 'state' | 'hash'> & {
  bytes: number | null
  mtime: number | null
}

/** In id order, in pages, so that other statements may run in between. */
export function* walkImages(
  db: ReadDb,
  folder: string,
  { missing, unhashed, pageSize = 500 }: { missing?: boolean; unhashed?: boolean; pageSize?: number } = {},
): Generator<SampleImage[]> {
  const conditions = [missing ? `AND s.state = 'missing'` : '', unhashed ? `AND s.state = 'ok' AND f.sample_id IS NULL` : ''] // prettier-ignore
  const page = sql<Row>(
    db,
    `SELECT s.id, s.root_id, s.path, s.blob, s.state, s.hash, f.bytes, f.mtime
     FROM visible_sample s LEFT JOIN sample_file f ON f.sample_id = s.id
     WHERE s.id > ? ${conditions.join(' ')} ORDER BY s.id LIMIT ?`,
  )
  for (let last = 0; ;) {
    const rows = page.all(last, pageSize)
    if (rows.length === 0) return
    const roots = new Map(listRoots(db, folder).map((root) => [root.id, root.path]))
    yield rows.map((row) => ({
      id: row.id,
      file: imageFile(folder, roots.get(row.root_id)!, row),
      state: row.state as SampleState,
      hash: row.hash,
      bytes: row.bytes,
      mtime: row.mtime,
    }))
    last = rows.at(-1)!.id
  }
}

export const countImages = (db: ReadDb): number =>
  sql<{ n: number }>(db, 'SELECT count(*) AS n FROM visible_sample').get()!.n

export const countUnhashed = (db: ReadDb): number =>
  sql<{ n: number }>(
    db,
    `SELECT count(*) AS n FROM visible_sample s WHERE s.state = 'ok' AND NOT EXISTS (SELECT 1 FROM sample_file f WHERE f.sample_id = s.id)`,
  ).get()!.n

export interface FileFacts {
  id: number
  bytes: number
  mtime: number
  /** sha256, hex; null: it could not be read. */
  hash: string | null
  dhash: string | null
}

/** Samples that are gone meanwhile are left out. Not a change that a person made: nothing to undo. */
export function saveFileFacts(db: WriteDb, facts: readonly FileFacts[]): void {
  transaction(db, () => {
    const insert = sql(
      db,
      `INSERT INTO sample_file (sample_id, bytes, mtime, dhash) SELECT id, ?, ?, ? FROM sample WHERE id = ?
       ON CONFLICT (sample_id) DO UPDATE SET bytes = excluded.bytes, mtime = excluded.mtime, dhash = excluded.dhash`,
    )
    const hash = sql(db, 'UPDATE sample SET hash = ? WHERE id = ? AND hash IS NOT ?')
    for (const fact of facts) {
      insert.run(fact.bytes, fact.mtime, fact.dhash, fact.id)
      if (fact.hash !== null) hash.run(fact.hash, fact.id, fact.hash)
    }
  })
}

/** What is known of files that were replaced since; they are looked at anew. */
export function forgetFileFacts(db: WriteDb, ids: readonly number[]): void {
  transaction(db, () => {
    const list = JSON.stringify(ids)
    sql(db, 'DELETE FROM sample_file WHERE sample_id IN (SELECT value FROM json_each(?))').run(list)
  })
}

/** Returns the new revision. Not a change that a person made: nothing to undo. */
export function setSampleStates(db: WriteDb, states: ReadonlyMap<number, SampleState>): number {
  return transaction(db, () => {
    const revision = nextRevision(db)
    const update = sql(db, 'UPDATE sample SET state = ?, revision = ? WHERE id = ? AND state IS NOT ?')
    for (const [id, state] of states) update.run(state, revision, id, state)
    return revision
  })
}
