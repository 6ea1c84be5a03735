/** `blobs/ab/<sha256>.ext`: copies of images, named by their content, complete or absent. */
import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { hashFile } from '../media/hash-file'

export interface Blob {
  /** Relative to blobs/: `ab/<sha256>.ext`. */
  blob: string
  /** sha256, hex. */
  hash: string
  bytes: number
}

/**
 * Copies a file into the project's blobs. The copy is read back before it gets its name, so a blob's content always
 * hashes to it; a blob that is there already is read and compared too. The source is never touched.
 * Throws `disk-full`, `copy-failed` (the source changed while it was read), and what reading the source throws.
 */
export async function putBlob(folder: string, source: string, signal?: AbortSignal): Promise<Blob> {
  const root = join(folder, 'blobs')
  await mkdir(root, { recursive: true })
  const temp = join(root, `${randomUUID()}.part`)
  try {
    await copyFile(source, temp)
    signal?.throwIfAborted()
    const handle = await open(temp, 'r+')
    await handle.sync()
    await handle.close()
    const [hash, original] = [await hashFile(temp, signal), await hashFile(source, signal)]
    if (hash !== original) {
      throw new TagwrightError('copy-failed', `${source} changed while it was copied. Import it again.`, {
        file: source,
      })
    }
    const { size: bytes } = await stat(temp)
    const blob = `${hash.slice(0, 2)}/${hash}${extname(source).toLowerCase()}`
    const target = join(root, blob)
    await mkdir(join(root, hash.slice(0, 2)), { recursive: true })
    const there = await stat(target).catch(() => null)
    // A damaged copy is replaced by this sound one; a sound one is left alone.
    const isThere = there?.size === bytes && (await hashFile(target, signal)) === hash
    if (!isThere) await rename(temp, target)
    return { blob, hash, bytes }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
      throw new TagwrightError(
        'disk-full',
        `The disk is full: ${source} could not be copied. Free some space and import again.`,
        { file: source },
        { cause: error },
      )
    }
    throw error
  } finally {
    await rm(temp, { force: true })
  }
}
