/** Masks as tinted pictures, made once per mask and colour. */
import type { Box } from '@shared/domain/geometry'
import { bitmapBox, bitmapFromRuns, type Bitmap, type RunLengths } from '../geometry/bitmap'
import { rgbOf } from './palette'

export interface MaskPicture {
  readonly canvas: OffscreenCanvas
  /** Where it lies, image pixels. */
  readonly box: Box
}

const made = new WeakMap<RunLengths, { color: string; picture: MaskPicture | null }>()
/** Longer sides are drawn coarser: a mask of a whole scan need not be a gigabyte. */
const longestSide = 4096

export function maskPicture(mask: RunLengths, color: string): MaskPicture | null {
  const known = made.get(mask)
  if (known?.color === color) return known.picture
  const picture = bitmapPicture(bitmapFromRuns(mask), color)
  made.set(mask, { color, picture })
  return picture
}

/** The set pixels in one colour; null for an empty bitmap. */
export function bitmapPicture(bitmap: Bitmap, color: string): MaskPicture | null {
  if (bitmap.width === 0 || bitmap.height === 0) return null
  const step = Math.max(1, Math.ceil(Math.max(bitmap.width, bitmap.height) / longestSide))
  const width = Math.ceil(bitmap.width / step)
  const height = Math.ceil(bitmap.height / step)
  const canvas = new OffscreenCanvas(width, height)
  const ctx = canvas.getContext('2d')!
  const pixels = ctx.createImageData(width, height)
  const [r, g, b] = rgbOf(color)
  const words = new Uint32Array(pixels.data.buffer)
  const word = (255 << 24) | (b << 16) | (g << 8) | r
  for (let y = 0; y < height; y++) {
    const row = y * step * bitmap.width
    for (let x = 0; x < width; x++) if (bitmap.data[row + x * step]) words[y * width + x] = word
  }
  ctx.putImageData(pixels, 0, 0)
  const [left, top] = bitmapBox(bitmap)
  return { canvas, box: [left, top, left + width * step, top + height * step] }
}
