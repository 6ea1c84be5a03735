/** Tables of folder mode: how it is set, the annotation file of each image, and which images were touched. */
import { sql, transaction, type ReadDb, type WriteDb } from './db'
import { imageFile, listRoots } from './root'
import type { SampleRow } from './rows'

export interface FolderConfig {
  /** Absolute folder of the images. */
  folder: string
  /** null: files lie beside the images. */
  saveFolder: string | null
  format: 'voc' | 'yolo'
  saves: boolean
  classFile: string | null
  /** Class lists as last read or written, by their absolute path: names in index order, with the label of each. */
  classes: Record<string, { name: string; label: number | null }[]>
}

export interface FolderFile {
  sample: number
  /** Absolute. */
  file: string
  bytes: number
  mtime: number
  /** sha256 of the file as last read or written. */
  hash: string
  /** Made here; there was none before. */
  own: boolean
  /** Hash of the outside content that a person has to decide about. */
  conflict: string | null
}

/** null: the project was not made from a folder. */
export function getFolderConfig(db: ReadDb): FolderConfig | null {
  const row = sql<{ config: string }>(db, 'SELECT config FROM folder_mode').get()
  return row ? (JSON.parse(row.config) as FolderConfig) : null
}

export function setFolderConfig(db: WriteDb, config: FolderConfig): void {
  sql(
    db,
    'INSERT INTO folder_mode (id, config) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET config = excluded.config',
  ).run(JSON.stringify(config))
}

interface Row extends Omit<FolderFile, 'sample' | 'own'> {
  sample_id: number
  own: number
}
const toFile = ({ sample_id, own, ...rest }: Row): FolderFile => ({ ...rest, sample: sample_id, own: own === 1 })

export const getFolderFile = (db: ReadDb, sample: number): FolderFile | null => {
  const row = sql<Row>(db, 'SELECT * FROM folder_file WHERE sample_id = ?').get(sample)
  return row ? toFile(row) : null
}

export const listFolderFiles = (db: ReadDb): FolderFile[] =>
  sql<Row>(db, 'SELECT * FROM folder_file ORDER BY sample_id').all().map(toFile)

export const listConflicts = (db: ReadDb): FolderFile[] =>
  sql<Row>(db, 'SELECT * FROM folder_file WHERE conflict IS NOT NULL ORDER BY sample_id').all().map(toFile)

/** Inside a transaction or alone. Left out when the sample is gone. */
export function putFolderFile(db: WriteDb, { sample, file, bytes, mtime, hash, own, conflict }: FolderFile): void {
  sql(
    db,
    `INSERT INTO folder_file (sample_id, file, bytes, mtime, hash, own, conflict) SELECT id, ?, ?, ?, ?, ?, ? FROM sample WHERE id = ?
     ON CONFLICT (sample_id) DO UPDATE SET file = excluded.file, bytes = excluded.bytes, mtime = excluded.mtime,
       hash = excluded.hash, own = excluded.own, conflict = excluded.conflict`,
  ).run(file, bytes, mtime, hash, own ? 1 : 0, conflict, sample)
}

export const removeFolderFile = (db: WriteDb, sample: number): void =>
  void sql(db, 'DELETE FROM folder_file WHERE sample_id = ?').run(sample)

export interface FolderSample {
  id: number
  /** Relative to the folder. */
  path: string
  /** Absolute path of the image. */
  file: string
  state: string
}

/** The samples whose images lie in the folder, or one of them. */
export function folderSamples(db: ReadDb, project: string, folder: string, id?: number): FolderSample[] {
  const root = listRoots(db, project).find(({ path }) => path === folder)
  if (!root) return []
  const rows =
    id === undefined
      ? sql<SampleRow>(db, 'SELECT * FROM visible_sample WHERE root_id = ? ORDER BY id').all(root.id)
      : sql<SampleRow>(db, 'SELECT * FROM visible_sample WHERE root_id = ? AND id = ?').all(root.id, id)
  return rows.map((row) => ({ id: row.id, path: row.path, file: imageFile(project, folder, row), state: row.state }))
}

/** What a file said that the product does not interpret; written back. */
export function sampleExtra(db: ReadDb, id: number): Record<string, unknown> | null {
  const row = sql<{ extra: string | null }>(db, 'SELECT extra FROM visible_sample WHERE id = ?').get(id)
  return row?.extra ? (JSON.parse(row.extra) as Record<string, unknown>) : null
}

export interface Touched {
  sample: number
  /** How often; see {@link clearTouched}. */
  changes: number
}

/** Images whose rows were changed and whose file was not written since. */
export const touchedSamples = (db: ReadDb): Touched[] =>
  sql<Touched>(db, 'SELECT sample_id AS sample, changes FROM folder_touched ORDER BY sample_id').all()

export const isTouched = (db: ReadDb, sample: number): boolean =>
  sql(db, 'SELECT 1 FROM folder_touched WHERE sample_id = ?').get(sample) !== undefined

export const countTouched = (db: ReadDb): number =>
  sql<{ n: number }>(db, 'SELECT count(*) AS n FROM folder_touched').get()!.n

/** @param changes as read before the file was written: what was changed since then stays noted. Left out: all. */
export function clearTouched(db: WriteDb, sample: number, changes?: number): void {
  sql(db, 'DELETE FROM folder_touched WHERE sample_id = ? AND changes <= ?').run(
    sample,
    changes ?? Number.MAX_SAFE_INTEGER,
  )
}

export const touchSample = (db: WriteDb, sample: number): void =>
  void sql(
    db,
    'INSERT INTO folder_touched (sample_id, changes) VALUES (?, 1) ON CONFLICT (sample_id) DO UPDATE SET changes = changes + 1',
  ).run(sample)

// A trigger sees every writer: gestures, undo, bulk changes, imports; and it commits with them.
const touch = (name: string, event: string, select: string): string =>
  `CREATE TRIGGER IF NOT EXISTS folder_${name} AFTER ${event} BEGIN
     INSERT INTO folder_touched (sample_id, changes) ${select} ON CONFLICT (sample_id) DO UPDATE SET changes = changes + 1;
   END;`
const triggers = [
  touch('annotation_added', 'INSERT ON annotation', 'VALUES (new.sample_id, 1)'),
  touch(
    'annotation_changed',
    'UPDATE OF label_id, kind, x1, y1, x2, y2, shape, flags, extra, sample_id ON annotation',
    'VALUES (new.sample_id, 1)',
  ),
  touch('annotation_removed', 'DELETE ON annotation', 'VALUES (old.sample_id, 1)'),
  touch('sample_reviewed', 'UPDATE OF reviewed ON sample WHEN new.reviewed <> old.reviewed', 'VALUES (new.id, 1)'),
  touch(
    'label_renamed',
    'UPDATE OF name ON label WHEN new.name <> old.name',
    'SELECT DISTINCT sample_id, 1 FROM annotation WHERE label_id = new.id',
  ),
]

/** From now on every change of an image is noted. */
export function watchChanges(db: WriteDb): void {
  transaction(db, () => triggers.forEach((text) => db.exec(text)))
}
