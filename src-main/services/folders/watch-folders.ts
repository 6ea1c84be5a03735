/** Says when files in folders change. One watch per folder: recursive watches cost one per file on some systems. */
import { watch, type FSWatcher } from 'node:fs'
import { join } from 'node:path'

export interface FolderWatch {
  /** false: nothing can be watched, so the folders have to be looked at from time to time. */
  readonly watched: boolean
  /** These folders and no others. */
  setFolders(folders: readonly string[]): void
  close(): void
}

/** Programs write in several steps; what changes within this time is told once, ms. */
const settleTime = 250
const maxFolders = 4000

/** @param onChange absolute paths; null: something changed and nobody knows what. */
export function watchFolders(onChange: (paths: ReadonlySet<string> | null) => void): FolderWatch {
  const watches = new Map<string, FSWatcher>()
  let changed = new Set<string>()
  let unknown = false
  let timer: NodeJS.Timeout | null = null
  let failed = false

  const note = (path: string | null): void => {
    if (path === null) unknown = true
    else changed.add(path)
    timer ??= setTimeout(() => {
      const paths = unknown ? null : changed
      timer = null
      changed = new Set()
      unknown = false
      onChange(paths)
    }, settleTime)
    timer.unref()
  }
  const remove = (folder: string): void => {
    watches.get(folder)?.close()
    watches.delete(folder)
  }

  return {
    get watched() {
      return !failed && watches.size > 0
    },
    setFolders(folders) {
      const wanted = new Set(folders.slice(0, maxFolders))
      failed = folders.length > maxFolders
      for (const folder of [...watches.keys()]) if (!wanted.has(folder)) remove(folder)
      for (const folder of wanted) {
        if (watches.has(folder)) continue
        try {
          const watcher = watch(folder, { persistent: false }, (_, name) => note(name === null ? null : join(folder, name))) // prettier-ignore
          watcher.on('error', () => {
            remove(folder)
            failed = true
            note(null)
          })
          watches.set(folder, watcher)
        } catch {
          // Too many watches on this system, or a file system that has none.
          failed = true
        }
      }
    },
    close() {
      if (timer) clearTimeout(timer)
      for (const folder of [...watches.keys()]) remove(folder)
    },
  }
}
