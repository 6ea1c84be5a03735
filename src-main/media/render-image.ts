/** Image files for the window: originals where a browser shows them, else converted; thumbnails cached on disk. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { TagwrightError } from '@shared/base/errors'
import { decodeBmp, isBmp } from '@shared/base/decode-bmp'

export interface RenderedImage {
  /** Absolute path of the file to stream. */
  path: string
  mime: string
}

/** Asked widths are raised to one of these, so that the cache holds few sizes of an image. */
const widths = [64, 128, 256, 512, 1024, 2048, 4096]
const shown: Record<string, string> = {
  '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg', '.jpe': 'image/jpeg', '.jfif': 'image/jpeg', '.png': 'image/png',
  '.webp': 'image/webp', '.gif': 'image/gif', '.bmp': 'image/bmp', '.avif': 'image/avif',
} // prettier-ignore

/** A sharp pipeline on upright pixels of any readable file, bitmaps included. */
export async function openImage(file: string): Promise<Sharp> {
  if (startsLikeBmp(file)) {
    const { width, height, data } = decodeBmp(await readFile(file))
    return sharp(data, { raw: { width, height, channels: 4 } })
  }
  return sharp(file, { failOn: 'error', limitInputPixels: false }).autoOrient()
}

/**
 * The file to send for an image. Without a width: the original when browsers show its kind, else a PNG of it. With one:
 * a WebP at most that wide (next larger of 64 to 4096), never enlarged. @param cacheFolder e.g. `<project>/cache/thumbs`.
 * Throws `not-found`, `unreadable-image`.
 */
export async function renderImage(
  file: string,
  { width, cacheFolder }: { width?: number; cacheFolder: string },
): Promise<RenderedImage> {
  let stats
  try {
    stats = statSync(file)
  } catch (error) {
    throw new TagwrightError(
      'not-found',
      `Image ${file} is not there. Restore it or remove the sample.`,
      { file },
      { cause: error },
    )
  }
  const extension = /\.[^.]+$/.exec(file)?.[0].toLowerCase() ?? ''
  if (!width && shown[extension]) return { path: file, mime: shown[extension] }
  const size = width ? (widths.find((known) => known >= width) ?? widths.at(-1)!) : null
  // Also time and length: an image that was replaced gets a new thumbnail.
  const key = createHash('sha256').update(`${file}\n${stats.size}\n${stats.mtimeMs}\n${size}`).digest('hex')
  const kind = size ? 'webp' : 'png'
  const path = join(cacheFolder, key.slice(0, 2), `${key.slice(2, 34)}.${kind}`)
  if (await stat(path).catch(() => null)) return { path, mime: `image/${kind}` }
  await mkdir(join(cacheFolder, key.slice(0, 2)), { recursive: true })
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.part`
  try {
    const image = (await openImage(file)).toColourspace('srgb')
    if (size) image.resize({ width: size, height: size * 4, fit: 'inside', withoutEnlargement: true })
    await (size ? image.webp({ quality: 80, effort: 1 }) : image.png({ compressionLevel: 3 })).toFile(temporary)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new TagwrightError(
      'unreadable-image',
      `Image ${file} cannot be shown: ${reason}. Replace the file or remove the sample.`,
      { file },
      { cause: error },
    )
  }
  return { path, mime: `image/${kind}` }
}

function startsLikeBmp(file: string): boolean {
  const head = Buffer.alloc(2)
  const fd = openSync(file, 'r')
  try {
    readSync(fd, head, 0, 2, 0)
  } finally {
    closeSync(fd)
  }
  return isBmp(head)
}
