/** Image files for the window: originals where a browser shows them, else converted; thumbnails cached on disk. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, statSync, type Stats } from 'node:fs'
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { TagwrightError } from '@shared/base/errors'
import { decodeBmp, isBmp } from '@shared/base/decode-bmp'
import { readImageHeader } from '@shared/base/image-header'
import { developFile } from './develop-file'
import { browserMime, imageKind, whyNotDecoded, type ImageKind } from './image-kind'
import { touch } from './trim-folder'

export interface RenderedImage {
  /** Absolute path of the file to stream. */
  path: string
  mime: string
}

export interface RenderOptions {
  /** Left out: the whole image. */
  width?: number
  /** e.g. `<project>/cache/thumbs`. */
  cacheFolder: string
  /** Names the image in the cache; default: its path. With a sample's id the cache survives a move of the project. */
  key?: string
}

/** Asked widths are raised to one of these, so that the cache holds few sizes of an image. */
const widths = [64, 128, 256, 512, 1024, 2048, 4096]

/** A sharp pipeline on upright pixels of any readable file, bitmaps and camera DNG included. */
export async function openImage(file: string): Promise<Sharp> {
  if (startsLikeBmp(file)) {
    const { width, height, data } = decodeBmp(await readFile(file))
    return sharp(data, { raw: { width, height, channels: 4 } })
  }
  if (imageKind(file) === 'dng') {
    const { width, height, data } = await developFile(file)
    return sharp(data, { raw: { width, height, channels: 4 } })
  }
  return sharp(file, { failOn: 'error', limitInputPixels: false }).autoOrient()
}

/** Of a file's content: differs when the file was replaced. */
export const imageVersion = (stats: Stats): string =>
  `${Math.round(stats.mtimeMs * 1000).toString(36)}-${stats.size.toString(36)}`

/** Throws `not-found`. */
export function statImage(file: string): Stats {
  try {
    return statSync(file)
  } catch (cause) {
    const message = `Image ${file} is not there. Restore it, find it again with "relink", or remove the sample.`
    throw new TagwrightError('not-found', message, { file }, { cause })
  }
}

/**
 * The file to send for an image. Without a width: the original when browsers decode it and turn it upright themselves,
 * else a lossless upright PNG of it. With one: a WebP at most that wide (next larger of 64 to 4096), never enlarged.
 * Two calls for the same file wait for one rendering. Throws `not-found`, `unreadable-image`.
 */
export async function renderImage(file: string, options: RenderOptions): Promise<RenderedImage> {
  const stats = statImage(file)
  let kind: ImageKind
  try {
    kind = imageKind(file)
  } catch (error) {
    throw unreadable(file, error)
  }
  const why = whyNotDecoded(kind)
  if (why) throw unreadable(file, new Error(why))
  const mime = browserMime(kind)
  if (!options.width && mime && browserTurnsIt(file, kind)) return { path: file, mime }
  const size = thumbnailWidth(options.width)
  const path = thumbnailPath(stats, file, options)
  const output = { path, mime: `image/${size ? 'webp' : 'png'}` }
  const cached = await stat(path).catch(() => null)
  if (cached) {
    await touch(path, cached.atime).catch(() => {})
    return output
  }
  await once(path, async () => {
    try {
      await writeWhole(path, async (temporary) => {
        const image = (await openImage(file)).toColourspace('srgb')
        if (size) image.resize({ width: size, height: size * 4, fit: 'inside', withoutEnlargement: true })
        await (size ? image.webp({ quality: 80, effort: 1 }) : image.png({ compressionLevel: 2 })).toFile(temporary)
      })
    } catch (error) {
      throw unreadable(file, error)
    }
  })
  return output
}

/** Whether {@link renderImage} would answer from the cache, and where its file lies. */
export function thumbnailPath(stats: Stats, file: string, { width, cacheFolder, key = file }: RenderOptions): string {
  const size = thumbnailWidth(width)
  // Also time and length: an image that was replaced gets a new thumbnail.
  const name = createHash('sha256').update(`${key}\n${stats.size}\n${stats.mtimeMs}\n${size}`).digest('hex')
  return join(cacheFolder, name.slice(0, 2), `${name.slice(2, 34)}.${size ? 'webp' : 'png'}`)
}

const thumbnailWidth = (width?: number): number | null =>
  width ? (widths.find((known) => known >= width) ?? widths.at(-1)!) : null

/** Browsers apply the orientation of JPEG files; what they do with that of other kinds differs. */
function browserTurnsIt(file: string, kind: ImageKind): boolean {
  if (kind === 'jpeg' || kind === 'gif' || kind === 'avif') return true
  const fd = openSync(file, 'r')
  try {
    const header = readImageHeader((offset, length) => {
      const piece = Buffer.allocUnsafe(length)
      return piece.subarray(0, readSync(fd, piece, 0, length, offset))
    })
    return (header?.orientation ?? 1) === 1
  } finally {
    closeSync(fd)
  }
}

const inFlight = new Map<string, Promise<void>>()

function once(path: string, work: () => Promise<void>): Promise<void> {
  let running = inFlight.get(path)
  if (!running) {
    running = work().finally(() => inFlight.delete(path))
    inFlight.set(path, running)
  }
  return running
}

/** The file appears whole or not at all. */
export async function writeWhole(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.part`
  try {
    await write(temporary)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

function unreadable(file: string, error: unknown): TagwrightError {
  const reason = (error instanceof Error ? error.message.split('\n')[0] : String(error)).replace(`${file}: `, '')
  const full = (error as NodeJS.ErrnoException).code === 'ENOSPC' || /No space left/i.test(reason)
  return full
    ? new TagwrightError(
        'disk-full',
        `The disk is full: no picture of ${file} could be made. Free some space, then show it again.`,
        { file },
        { cause: error },
      )
    : new TagwrightError(
        'unreadable-image',
        `Image ${file} cannot be shown: ${reason}. Replace the file or remove the sample.`,
        { file },
        { cause: error },
      )
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
