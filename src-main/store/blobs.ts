/** `blobs/ab/<sha256>.ext`: copies of images, named by their content, complete or absent. */
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'

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
    const [copied, original] = [await hashFile(temp), await hashFile(source)]
    if (copied.hash !== original.hash) {
      throw new TagwrightError('copy-failed', `${source} changed while it was copied. Import it again.`, {
        file: source,
      })
    }
    const blob = `${copied.hash.slice(0, 2)}/${copied.hash}${extname(source).toLowerCase()}`
    const target = join(root, blob)
    await mkdir(join(root, copied.hash.slice(0, 2)), { recursive: true })
    const there = await stat(target).catch(() => null)
    // A damaged copy is replaced by this sound one; a sound one is left alone.
    if (there && there.size === copied.bytes && (await hashFile(target)).hash === copied.hash)
      return { blob, ...copied }
    await rename(temp, target)
    return { blob, ...copied }
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

export async function hashFile(file: string): Promise<{ hash: string; bytes: number }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(piece)
    bytes += piece.length
  }
  return { hash: hash.digest('hex'), bytes }
}
