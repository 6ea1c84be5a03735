/**
 * A picture of a mosaic for the screen: bilinear demosaicing, white balance as shot, the camera's colour matrix, exposure
 * by the brightest hundredth, sRGB. Meant to be looked at and labelled, not to compete with a RAW converter.
 * Sources: DNG 1.7 chapter 6 (colour), IEC 61966-2-1 (sRGB).
 */
import type { ReadAt } from '../base/image-header'
import { decodeMosaic } from './decode-mosaic'
import { readDng, type Dng } from './dng'
import { levelsOf, linear, type GivenLevels } from './levels'

export interface Developed {
  width: number
  height: number
  /** RGBA, rows from the top, upright. */
  data: Uint8ClampedArray<ArrayBuffer>
  /** Factor of linear light; two pictures that are compared need the same one. */
  exposure: number
}

export interface DevelopOptions {
  levels?: GivenLevels
  /** Default: so that the brightest hundredth becomes white. */
  exposure?: number | undefined
}

/** Upright size of the active area, which is what is developed. */
export const developedSize = ({ active, orientation }: Dng): { width: number; height: number } =>
  uprightSize(active, orientation)

/** @param orientation EXIF 1..8. */
export const uprightSize = ({ width, height }: { width: number; height: number }, orientation: number) =>
  orientation >= 5 ? { width: height, height: width } : { width, height }

/** Reads and develops a DNG. @throws TagwrightError `bad-raw`. */
export function* developDng(readAt: ReadAt, options: DevelopOptions = {}): Generator<void, Developed> {
  const dng = readDng(readAt)
  const mosaic = yield* decodeMosaic(readAt, dng)
  return yield* develop(mosaic, dng, options)
}

export function* develop(mosaic: Uint16Array, dng: Dng, options: DevelopOptions = {}): Generator<void, Developed> {
  const { active, pattern } = dng
  const { width, height } = active
  const levels = levelsOf(dng, options.levels ?? {})
  const balance = whiteBalance(dng)
  // White balanced and 0..1, clipped at white so that burnt places have no colour.
  const light = new Float32Array(width * height)
  for (let y = 0; y < height; y++) {
    const row = (active.y + y) * dng.width + active.x
    for (let x = 0; x < width; x++) {
      const black = levels.black(x, y)
      const value = (linear(levels, mosaic[row + x]) - black) / (levels.white - black)
      light[y * width + x] = Math.min(1, Math.max(0, value) * balance[pattern[(y & 1) * 2 + (x & 1)]])
    }
    if ((y & 63) === 63) yield
  }
  const matrix = cameraToSrgb(dng.colorMatrix)
  const exposure = options.exposure ?? exposureOf(light)
  const curve = gammaCurve()
  const size = developedSize(dng)
  const data = new Uint8ClampedArray(size.width * size.height * 4)
  const place = placer(dng.orientation, width, height)
  const rgb = new Float64Array(3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      demosaic(light, width, height, pattern, x, y, rgb)
      const to = place(x, y) * 4
      for (let c = 0; c < 3; c++) {
        const value = matrix[c * 3] * rgb[0] + matrix[c * 3 + 1] * rgb[1] + matrix[c * 3 + 2] * rgb[2]
        data[to + c] = curve[Math.min(4095, Math.max(0, value * exposure * 4095 + 0.5)) | 0]
      }
      data[to + 3] = 255
    }
    if ((y & 31) === 31) yield
  }
  return { ...size, data, exposure }
}

/** Factors that make the neutral grey even; the smallest is 1, so that white stays white. */
export function whiteBalance({ neutral }: Pick<Dng, 'neutral'>): number[] {
  const highest = Math.max(...neutral)
  return neutral.map((value) => highest / value)
}

/** Mean of the nearest pixels of a colour; at the edges those that are there. */
function demosaic(
  light: Float32Array,
  width: number,
  height: number,
  pattern: Dng['pattern'],
  x: number,
  y: number,
  to: Float64Array,
): void {
  // prettier-ignore
  const here = pattern[(y & 1) * 2 + (x & 1)]
  const left = x > 0 ? -1 : 1
  const right = x < width - 1 ? 1 : -1
  const up = y > 0 ? -width : width
  const down = y < height - 1 ? width : -width
  const at = y * width + x
  const beside = (light[at + left] + light[at + right]) / 2
  const above = (light[at + up] + light[at + down]) / 2
  to[here] = light[at]
  if (here === 1) {
    to[pattern[(y & 1) * 2 + (1 - (x & 1))]] = beside
    to[pattern[(1 - (y & 1)) * 2 + (x & 1)]] = above
    return
  }
  to[1] = (beside + above) / 2
  to[2 - here] =
    (light[at + up + left] + light[at + up + right] + light[at + down + left] + light[at + down + right]) / 4
}

/** Linear sRGB to XYZ under D65, IEC 61966-2-1. */
const srgbToXyz = [0.4124564, 0.3575761, 0.1804375, 0.2126729, 0.7151522, 0.072175, 0.0193339, 0.119192, 0.9503041]

/** From balanced camera values to linear sRGB; rows of camera values of sRGB's white are scaled to 1, so grey stays grey. */
export function cameraToSrgb(colorMatrix: number[] | null): number[] {
  if (!colorMatrix) return [1, 0, 0, 0, 1, 0, 0, 0, 1]
  const camera = multiply3(colorMatrix, srgbToXyz)
  for (let row = 0; row < 3; row++) {
    const sum = camera[row * 3] + camera[row * 3 + 1] + camera[row * 3 + 2]
    for (let i = 0; i < 3; i++) camera[row * 3 + i] /= sum
  }
  const inverse = invert3(camera)
  return inverse.every(Number.isFinite) ? inverse : [1, 0, 0, 0, 1, 0, 0, 0, 1]
}

const multiply3 = (a: number[], b: number[]): number[] =>
  Array.from({ length: 9 }, (_, i) => {
    const [row, column] = [Math.floor(i / 3) * 3, i % 3]
    return a[row] * b[column] + a[row + 1] * b[column + 3] + a[row + 2] * b[column + 6]
  })

function invert3([a, b, c, d, e, f, g, h, i]: number[]): number[] {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  const adjugate = [e * i - f * h, c * h - b * i, b * f - c * e, f * g - d * i, a * i - c * g, c * d - a * f, d * h - e * g, b * g - a * h, a * e - b * d] // prettier-ignore
  return adjugate.map((value) => value / determinant)
}

/** One hundredth of the pixels may become white; nothing is made darker, and noise in darkness not brighter than 64 times. */
export function exposureOf(light: Float32Array): number {
  const counts = new Float64Array(4096)
  for (const value of light) counts[Math.min(4095, (value * 4096) | 0)]++
  let level = 4095
  for (let above = counts[level]; level > 0 && above < light.length / 100;) above += counts[--level]
  return Math.min(64, Math.max(1, 4096 / (level + 1)))
}

/** sRGB bytes of linear light in 4096 steps. */
export function gammaCurve(): Uint8ClampedArray {
  return Uint8ClampedArray.from({ length: 4096 }, (_, i) => {
    const value = i / 4095
    return 255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055)
  })
}

/** Where a stored pixel lies upright, EXIF 2.32 tag 274. */
export function placer(orientation: number, width: number, height: number): (x: number, y: number) => number {
  const [right, bottom] = [width - 1, height - 1]
  switch (orientation) {
    case 2:
      return (x, y) => y * width + right - x
    case 3:
      return (x, y) => (bottom - y) * width + right - x
    case 4:
      return (x, y) => (bottom - y) * width + x
    case 5:
      return (x, y) => x * height + y
    case 6:
      return (x, y) => x * height + bottom - y
    case 7:
      return (x, y) => (right - x) * height + bottom - y
    case 8:
      return (x, y) => (right - x) * height + y
    default:
      return (x, y) => y * width + x
  }
}
