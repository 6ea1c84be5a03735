/** Whole files or nothing. */
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TagwrightError } from '@shared/base/errors'

/**
 * Writes beside the target first, flushes to the disk, then renames: a reader sees the old file or the new one.
 * @throws `disk-full`, `not-writable`.
 */
export async function writeAtomic(file: string, parts: Iterable<string | Uint8Array>): Promise<void> {
  const temporary = `${file}.${process.pid}.part`
  try {
    const handle = await open(temporary, 'w')
    try {
      for (const part of parts) await writeAll(handle, typeof part === 'string' ? Buffer.from(part) : part)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
    await syncFolder(dirname(file))
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {})
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new TagwrightError(
        'disk-full',
        `The disk is full: ${file} could not be written. Free some space and try again.`,
        { file },
        { cause },
      )
    }
    throw new TagwrightError(
      'not-writable',
      `${file} could not be written (${code ?? String(cause)}). Choose another place.`,
      { file, reason: code },
      { cause },
    )
  }
}

async function writeAll(handle: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.byteLength - at)
    at += bytesWritten
  }
}

/** Makes the rename itself durable; Windows cannot open folders and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // The file's content is on the disk already.
  }
}
