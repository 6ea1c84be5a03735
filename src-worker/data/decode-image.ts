/** Files to upright 8-bit sRGB pixels: the only use of sharp in training; resampling is never left to it. */
import sharp from 'sharp'
import type { ReadAt } from '@shared/base/image-header'
import { decodeBmp, isBmp, type Bitmap } from '@shared/base/decode-bmp'
import { runToEnd } from '@shared/raw/decode-mosaic'
import { developDng, developedSize } from '@shared/raw/develop'
import { isDng, readDng } from '@shared/raw/dng'
import { readImageFile, unreadableImage } from './read-image-file'
import type { Pixels } from './resize-bilinear'

// One image per thread: libvips' own threads would fight with the training step.
sharp.concurrency(1)
// Pixels are cached by the loader at the size that it needs.
sharp.cache(false)

/**
 * Decodes a file: EXIF orientation applied, alpha dropped, 8-bit RGB; camera DNG developed as for the screen. An embedded RGB colour profile is not applied, as
 * in OpenCV and PIL: published weights were trained on the stored numbers. CMYK is converted to sRGB.
 * @throws TagwrightError `image-missing`, `image-unreadable` with the path in `details.file`.
 */
export async function decodeImage(file: string): Promise<Pixels> {
  return decodeBytes(await readImageFile(file), file)
}

/** As {@link decodeImage}, from memory; `file` is for messages. */
export async function decodeBytes(bytes: Uint8Array, file: string): Promise<Pixels> {
  try {
    if (isBmp(bytes)) return fromBitmap(decodeBmp(bytes))
    if (isDng(readerOf(bytes))) return fromBitmap(runToEnd(developDng(readerOf(bytes))))
    const { data, info } = await sharp(bytes, { failOn: 'error', ignoreIcc: true })
      .autoOrient()
      .toColourspace('srgb')
      .removeAlpha()
      .ensureAlpha(1)
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    if (info.channels !== 4) throw new Error(`${info.channels} channels`)
    return {
      data: new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4),
      offset: 0,
      width: info.width,
      height: info.height,
    }
  } catch (error) {
    throw unreadableImage(file, error)
  }
}

const readerOf =
  (bytes: Uint8Array): ReadAt =>
  (offset, length) =>
    bytes.subarray(offset, offset + length)

const fromBitmap = ({ data, width, height }: Bitmap): Pixels => ({
  data: new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4),
  offset: 0,
  width,
  height,
})

/**
 * Upright size of an image file, from its header alone.
 * @throws TagwrightError `image-missing`, `image-unreadable`.
 */
export async function probeImage(file: string): Promise<{ width: number; height: number }> {
  const bytes = await readImageFile(file)
  try {
    if (isBmp(bytes)) {
      const { width, height } = decodeBmp(bytes)
      return { width, height }
    }
    if (isDng(readerOf(bytes))) return developedSize(readDng(readerOf(bytes)))
    const { autoOrient } = await sharp(bytes).metadata()
    return { width: autoOrient.width, height: autoOrient.height }
  } catch (error) {
    throw unreadableImage(file, error)
  }
}
