/** The one place where a file becomes planes of numbers for denoising, and where planes become a file again. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import sharp from 'sharp'
import { TagwrightError } from '@shared/base/errors'
import { decodeBmp, isBmp } from '@shared/base/decode-bmp'
import { makePlanarImage, type PlanarImage } from '@shared/domain/planar-image'
import { isDngFile, readDngPlanes } from './dng-file'
import { writeAtomic } from '../files/write-atomic'
import { readImageFile, unreadableImage } from './read-image-file'

/** A decoded file: planes one after the other, as stored, 8 or 16 bits. */
export interface StoredPlanes {
  width: number
  height: number
  channels: number
  data: Uint8Array | Uint16Array
  /** Stored numbers that mean 0 and 1. */
  black: number
  white: number
}

export interface Levels {
  black: number | null
  white: number | null
}

/**
 * Grey files give one plane, camera DNG the four of its mosaic, as stored and not turned, all others three; EXIF orientation applied, transparency dropped, no colour profile applied.
 * @param levels stored numbers that count as 0 and 1 in place of the type's own.
 * @throws `image-missing`, `image-unreadable`.
 */
export async function readPlanes(file: string, levels: Levels = { black: null, white: null }): Promise<StoredPlanes> {
  const bytes = await readImageFile(file)
  try {
    const stored = isDngFile(bytes) ? decodeDng(bytes, levels) : await decode(bytes)
    const black = levels.black ?? stored.black
    const white = levels.white ?? stored.white
    if (white <= black)
      throw new TagwrightError('bad-option', `White ${white} must be above black ${black}. Change --white or --black.`)
    return { ...stored, black, white }
  } catch (error) {
    if (error instanceof TagwrightError) throw error
    throw unreadableImage(file, error)
  }
}

/** Linear values as whole numbers: exact where black is one level and the file is linear, as most are. */
function decodeDng(bytes: Buffer, levels: Levels): StoredPlanes {
  const given = { ...(levels.black === null ? {} : { black: levels.black }), ...(levels.white === null ? {} : { white: levels.white }) } // prettier-ignore
  const { planes, dng } = readDngPlanes(bytes, given)
  const { width, height, channels } = planes
  const white = levels.white ?? dng.white
  const black = levels.black ?? Math.round(dng.black.values[0])
  const data = Uint16Array.from(planes.data, (v) =>
    Math.min(65535, Math.max(0, Math.round(v * (white - black) + black))),
  )
  return { width, height, channels, data, black, white }
}

async function decode(bytes: Buffer): Promise<StoredPlanes> {
  if (isBmp(bytes)) {
    const { data, width, height } = decodeBmp(bytes)
    const pixels = new Uint8Array(data.buffer, data.byteOffset, 4 * width * height)
    return { ...planar(pixels, 4, 3, width, height), black: 0, white: 255 }
  }
  const { depth, space, channels: has = 3 } = await sharp(bytes).metadata()
  const isDeep = depth === 'ushort'
  const isGrey = space === 'b-w' || space === 'grey16' || has < 3
  const { data, info } = await sharp(bytes, { failOn: 'error', ignoreIcc: true })
    .autoOrient()
    .toColourspace(isGrey ? (isDeep ? 'grey16' : 'b-w') : isDeep ? 'rgb16' : 'srgb')
    .removeAlpha()
    .raw({ depth: isDeep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const numbers = isDeep
    ? new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength))
    : new Uint8Array(data)
  return { ...planar(numbers, channels, isGrey ? 1 : 3, width, height), black: 0, white: isDeep ? 65535 : 255 }
}

function planar(
  from: Uint8Array | Uint16Array,
  stride: number,
  channels: number,
  width: number,
  height: number,
): Pick<StoredPlanes, 'data' | 'channels' | 'width' | 'height'> {
  const count = width * height
  const data = from instanceof Uint16Array ? new Uint16Array(channels * count) : new Uint8Array(channels * count)
  for (let c = 0; c < channels; c++) for (let i = 0; i < count; i++) data[c * count + i] = from[i * stride + c]
  return { data, channels, width, height }
}

/** All of a file as numbers: black is 0, white 1. */
export function toPlanarImage({ data, width, height, channels, black, white }: StoredPlanes): PlanarImage {
  const image = makePlanarImage(width, height, channels)
  for (let i = 0; i < data.length; i++) image.data[i] = (data[i] - black) / (white - black)
  return image
}

/** A PNG of one or three planes; the four of a mosaic are shown in colour, with a gamma of 2.2. @param bits of a number; @param levels numbers in the file that stand for 0 and 1. */
export async function encodePlanes(
  image: PlanarImage,
  { bits, black, white }: { bits: 8 | 16; black: number; white: number } = { bits: 8, black: 0, white: 255 },
): Promise<Buffer> {
  const { data, width, height, channels } = image.channels === 4 ? mosaicToColour(image) : image
  const [count, top] = [width * height, bits === 16 ? 65535 : 255]
  const numbers = bits === 16 ? new Uint16Array(data.length) : new Uint8Array(data.length)
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < count; i++)
      numbers[i * channels + c] = Math.min(top, Math.max(0, Math.round(data[c * count + i] * (white - black) + black)))
  return sharp(numbers, { raw: { width, height, channels: channels as 1 | 3 } })
    .toColourspace(channels === 1 ? (bits === 16 ? 'grey16' : 'b-w') : bits === 16 ? 'rgb16' : 'srgb')
    .png({ compressionLevel: 4 })
    .toBuffer()
}

function mosaicToColour({ width, height, data }: PlanarImage): PlanarImage {
  const count = width * height
  const colour = makePlanarImage(width, height, 3)
  for (let i = 0; i < count; i++) {
    const light = [data[i], (data[count + i] + data[2 * count + i]) / 2, data[3 * count + i]]
    for (let c = 0; c < 3; c++) colour.data[c * count + i] = Math.max(0, light[c]) ** (1 / 2.2)
  }
  return colour
}

export async function writePlanes(file: string, ...of: Parameters<typeof encodePlanes>): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeAtomic(file, [await encodePlanes(...of)])
}

/** What is left of an image after a JPEG of a quality, 1..100; values are cut to 0..1 before. */
export async function throughJpeg(image: PlanarImage, quality: number): Promise<PlanarImage> {
  const { width, height, channels } = image
  const bytes = new Uint8Array(image.data.length)
  const count = width * height
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < count; i++)
      bytes[i * channels + c] = Math.min(255, Math.max(0, Math.round(255 * image.data[c * count + i])))
  const raw = { width, height, channels: channels as 1 | 3 }
  const jpeg = await sharp(bytes, { raw })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .jpeg({ quality: Math.round(quality) })
    .toBuffer()
  return toPlanarImage(await decode(jpeg))
}
