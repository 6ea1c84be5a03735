/** Whole files or nothing, on a file system that is handed in (main process and workers share no Node code). */
import { TagwrightError } from './errors'

interface Handle {
  /** Appends everything, however many calls of the system that takes. */
  writeFile(part: string | Uint8Array): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** What is needed of `node:fs/promises`. */
export interface AtomicFiles {
  open(path: string, flags: 'r' | 'w'): Promise<Handle>
  rename(from: string, to: string): Promise<void>
  rm(path: string, options: { force: true }): Promise<void>
}

export type WriteAtomic = (file: string, parts: Iterable<string | Uint8Array>) => Promise<void>

/**
 * The function made writes beside the target, flushes to the disk, then renames: a reader sees the old file or the new
 * one, and a failure leaves the old one. It throws `disk-full`, `not-writable`.
 * @param own part of the temporary file's name that no other process uses, such as the process id
 * @param folderOf the folder of a path
 */
export function atomicWriter(
  files: AtomicFiles,
  own: string | number,
  folderOf: (path: string) => string,
): WriteAtomic {
  let written = 0
  return async (file, parts) => {
    const temporary = `${file}.${own}-${++written}.part`
    try {
      const handle = await files.open(temporary, 'w')
      try {
        for (const part of parts) await handle.writeFile(part)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await files.rename(temporary, file)
      await syncFolder(folderOf(file))
    } catch (cause) {
      await files.rm(temporary, { force: true }).catch(() => {})
      throw describe(file, cause)
    }
  }

  /** Makes the rename itself durable; Windows cannot open folders and does not need it. */
  async function syncFolder(folder: string): Promise<void> {
    try {
      const handle = await files.open(folder, 'r')
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
    } catch {
      // The file's content is on the disk already.
    }
  }
}

function describe(file: string, cause: unknown): TagwrightError {
  const code = (cause as { code?: string }).code
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TagwrightError(
      'disk-full',
      `The disk is full: ${file} could not be written. Free some space and try again.`,
      { file },
      { cause },
    )
  }
  return new TagwrightError(
    'not-writable',
    `${file} could not be written (${code ?? String(cause)}). Choose another place.`,
    { file, reason: code ?? null },
    { cause },
  )
}
