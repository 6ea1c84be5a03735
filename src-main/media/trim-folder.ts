/** Keeps a cache folder below a size: what was not used for longest goes first. */
import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'

/** Use is recorded at most this often, ms. */
const usePrecision = 3_600_000

/** Says that a cached file was used, also where the file system does not keep access times. */
export async function touch(path: string, accessed: Date): Promise<void> {
  const now = new Date()
  if (now.getTime() - accessed.getTime() > usePrecision) {
    const { mtime } = await stat(path)
    await utimes(path, now, mtime)
  }
}

/**
 * Deletes the entries that were used least recently until the rest has 80 % of `maxBytes`. An entry is a file, or with
 * `depth` 1 a folder directly below as a whole. Returns the bytes that are left. Never throws.
 */
export async function trimFolder(folder: string, maxBytes: number, wholeFolders = false): Promise<number> {
  const entries = wholeFolders ? await listFolders(folder) : await listFiles(folder)
  let total = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  if (total <= maxBytes) return total
  entries.sort((a, b) => a.used - b.used)
  for (const entry of entries) {
    if (total <= maxBytes * 0.8) break
    await rm(entry.path, { recursive: true, force: true }).catch(() => {})
    total -= entry.bytes
  }
  return total
}

interface Entry {
  path: string
  bytes: number
  used: number
}

async function listFiles(folder: string): Promise<Entry[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const entries: Entry[] = []
  for (const name of names) {
    if (!name.isFile()) continue
    const path = join(name.parentPath, name.name)
    const info = await stat(path).catch(() => null)
    if (info) entries.push({ path, bytes: info.size, used: Math.max(info.atimeMs, info.mtimeMs) })
  }
  return entries
}

/** A folder was last used when its own access time, kept by {@link touch}, says so. */
async function listFolders(folder: string): Promise<Entry[]> {
  const names = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const entries: Entry[] = []
  for (const name of names) {
    if (!name.isDirectory()) continue
    const path = join(folder, name.name)
    const info = await stat(path).catch(() => null)
    const bytes = (await listFiles(path)).reduce((sum, entry) => sum + entry.bytes, 0)
    if (info) entries.push({ path, bytes, used: Math.max(info.atimeMs, info.mtimeMs) })
  }
  return entries
}
