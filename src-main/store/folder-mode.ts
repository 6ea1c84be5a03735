/** Tables of folder mode: how it is set, the annotation file of each image, and which images were touched. */
import { sql, transaction, type ReadDb, type WriteDb } from './db'

export interface FolderConfig {
  /** Absolute folder of the images. */
  folder: string
  /** null: files lie beside the images. */
  saveFolder: string | null
  format: 'voc' | 'yolo'
  saves: boolean
  classFile: string | null
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

/** Ids of images whose rows were changed and whose file was not written since. */
export const touchedSamples = (db: ReadDb): number[] =>
  sql<{ id: number }>(db, 'SELECT sample_id AS id FROM folder_touched ORDER BY sample_id')
    .all()
    .map((row) => row.id)

export const isTouched = (db: ReadDb, sample: number): boolean =>
  sql(db, 'SELECT 1 FROM folder_touched WHERE sample_id = ?').get(sample) !== undefined

export const countTouched = (db: ReadDb): number =>
  sql<{ n: number }>(db, 'SELECT count(*) AS n FROM folder_touched').get()!.n

export const clearTouched = (db: WriteDb, sample: number): void =>
  void sql(db, 'DELETE FROM folder_touched WHERE sample_id = ?').run(sample)

export const clearAllTouched = (db: WriteDb): void => void sql(db, 'DELETE FROM folder_touched').run()

export const touchSample = (db: WriteDb, sample: number): void =>
  void sql(db, 'INSERT OR IGNORE INTO folder_touched VALUES (?)').run(sample)

// A trigger sees every writer: gestures, undo, bulk changes, imports; and it commits with them.
const touch = (name: string, event: string, select: string): string =>
  `CREATE TRIGGER IF NOT EXISTS folder_${name} AFTER ${event} BEGIN INSERT OR IGNORE INTO folder_touched ${select}; END;`
const triggers = [
  touch('annotation_added', 'INSERT ON annotation', 'SELECT new.sample_id'),
  touch(
    'annotation_changed',
    'UPDATE OF label_id, kind, x1, y1, x2, y2, shape, flags, extra, sample_id ON annotation',
    'SELECT new.sample_id',
  ),
  touch('annotation_removed', 'DELETE ON annotation', 'SELECT old.sample_id'),
  touch('sample_reviewed', 'UPDATE OF reviewed ON sample WHEN new.reviewed <> old.reviewed', 'SELECT new.id'),
  touch(
    'label_renamed',
    'UPDATE OF name ON label WHEN new.name <> old.name',
    'SELECT DISTINCT sample_id FROM annotation WHERE label_id = new.id',
  ),
]

/** From now on every change of an image is noted. */
export function watchChanges(db: WriteDb): void {
  transaction(db, () => triggers.forEach((text) => db.exec(text)))
}

/** Changes made by `fn` are those of files, not of a person: what it touches counts as up to date. */
export function withoutTouching<T>(db: WriteDb, samples: Iterable<number>, fn: () => T): T {
  const before = new Set([...samples].filter((sample) => isTouched(db, sample)))
  const result = fn()
  for (const sample of samples) if (!before.has(sample)) clearTouched(db, sample)
  return result
}
