/** Thumbnails, made on first use and kept in the project's cache, which may be deleted at any time. */
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { TagwrightError } from '@shared/base/errors'

/** Widths are rounded up to these, so that a slider does not fill the disk. */
const widths = [64, 128, 256, 512, 1024, 2048, 4096]

export interface ThumbnailOptions {
  /** Absolute path of the image. */
  file: string
  /** Sample id. */
  id: number
  /** Wanted width in px; never larger than the image. */
  width: number
  /** Project folder. */
  cache: string
}

/** Path of an upright sRGB JPEG. A changed image gets a new one. Throws `not-found`, `unreadable-image`. */
export async function thumbnail({ file, id, width, cache }: ThumbnailOptions): Promise<string> {
  const info = await stat(file).catch(() => null)
  if (!info) throw new TagwrightError('not-found', `The file of image ${id} is missing: ${file}.`, { sample: id, file })
  const size = widths.find((candidate) => candidate >= width) ?? widths.at(-1)!
  const folder = join(cache, 'cache', 'thumbs', String(id % 256))
  const target = join(folder, `${id}-${size}-${Math.round(info.mtimeMs)}-${info.size}.jpg`)
  if (await stat(target).catch(() => null)) return target
  await mkdir(folder, { recursive: true })
  const temporary = `${target}.${process.pid}.${performance.now()}.part`
  try {
    await sharp(file, { failOn: 'none' })
      .autoOrient()
      .resize({ width: size, withoutEnlargement: true })
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .jpeg({ quality: 82 })
      .toFile(temporary)
    await rename(temporary, target)
  } catch (cause) {
    await rm(temporary, { force: true })
    const message = `Image ${id} cannot be read: ${(cause as Error).message}. Replace ${file}.`
    throw new TagwrightError('unreadable-image', message, { sample: id, file }, { cause })
  }
  return target
}
