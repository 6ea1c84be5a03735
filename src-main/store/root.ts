/** Table `root`: folders that sample paths are relative to. Root 1 is the project folder itself. */
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { sql, type ReadDb, type WriteDb } from './db'

export interface Root {
  id: number
  /** Absolute, resolved against the project folder. */
  path: string
}

/** The path of a root as stored: relative when it lies inside the project folder, so that the folder can be moved. */
export function storedRoot(folder: string, path: string): string {
  const inside = relative(folder, resolve(path))
  if (inside === '') return '.'
  return inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside) ? resolve(path) : toSlashes(inside)
}

export const toSlashes = (path: string): string => (sep === '\\' ? path.replaceAll('\\', '/') : path)

export function listRoots(db: ReadDb, folder: string): Root[] {
  return sql<{ id: number; path: string }>(db, 'SELECT id, path FROM root ORDER BY id')
    .all()
    .map(({ id, path }) => ({ id, path: resolve(folder, path) }))
}

/** The id of the root, registered when it is new. */
export function ensureRoot(db: WriteDb, folder: string, path: string, now: Date): number {
  const stored = storedRoot(folder, path)
  const known = sql<{ id: number }>(db, 'SELECT id FROM root WHERE path = ?').get(stored)
  if (known) return known.id
  return Number(
    sql(db, 'INSERT INTO root (path, created_at) VALUES (?, ?)').run(stored, now.toISOString()).lastInsertRowid,
  )
}

/** Absolute path of a sample's image: the copy in blobs/ when there is one, else the file in its root. */
export function imageFile(folder: string, root: string, sample: { path: string; blob: string | null }): string {
  return sample.blob ? join(folder, 'blobs', sample.blob) : resolve(root, sample.path)
}

/** The same of its pair; null without one. */
export function pairFile(
  folder: string,
  root: string,
  { pair, pair_blob }: { pair: string | null; pair_blob: string | null },
): string | null {
  return pair === null ? null : imageFile(folder, root, { path: pair, blob: pair_blob })
}
