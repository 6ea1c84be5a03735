import { TagwrightError } from '../base/errors'
import { checkSameSize, planeOf, type PlanarImage } from '../domain/planar-image'

const windowSize = 11
const sigma = 1.5
const k1 = 0.01
const k2 = 0.03

/**
 * Structural similarity, Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural
 * similarity", IEEE TIP 13(4), 2004, with that paper's settings: 11x11 Gaussian window of sigma 1.5 that sums to 1,
 * weighted (biased) variances, C1 = (.01 range)^2, C2 = (.03 range)^2, mean over the positions where the window lies
 * inside the picture, no reduction of the picture beforehand. Several channels: mean of the channels' values.
 *
 * @param range the distance of white from black in the pictures' own scale: 1 or 255 (RAW: white level - black level).
 * @throws TagwrightError `size-mismatch`; `too-small` below 11x11 pixels.
 */
export function ssim(a: PlanarImage, b: PlanarImage, range: number): number {
  checkSameSize(a, b)
  if (a.width < windowSize || a.height < windowSize) {
    throw new TagwrightError(
      'too-small',
      `SSIM needs ${windowSize}x${windowSize} pixels and the picture has ${a.width}x${a.height}. Use PSNR for it.`,
    )
  }
  let sum = 0
  for (let channel = 0; channel < a.channels; channel++) {
    sum += planeSsim(planeOf(a, channel), planeOf(b, channel), a.width, a.height, range)
  }
  return sum / a.channels
}

function planeSsim(a: Float32Array, b: Float32Array, width: number, height: number, range: number): number {
  const c1 = (k1 * range) ** 2
  const c2 = (k2 * range) ** 2
  const columns = width - windowSize + 1
  const rows = height - windowSize + 1
  // The window is separable: five sums along each row, kept for the eleven rows that a position needs.
  const ring = Array.from({ length: windowSize }, () => new Float64Array(5 * columns))
  let sum = 0
  for (let y = 0; y < height; y++) {
    filterRow(a, b, y * width, columns, ring[y % windowSize])
    if (y < windowSize - 1) continue
    for (let x = 0; x < columns; x++) {
      let [ma, mb, aa, bb, ab] = [0, 0, 0, 0, 0]
      for (let i = 0; i < windowSize; i++) {
        const row = ring[(y + 1 + i) % windowSize]
        const w = weights[i]
        ma += w * row[x]
        mb += w * row[columns + x]
        aa += w * row[2 * columns + x]
        bb += w * row[3 * columns + x]
        ab += w * row[4 * columns + x]
      }
      const means = ma * mb
      const squares = ma * ma + mb * mb
      sum += ((2 * means + c1) * (2 * (ab - means) + c2)) / ((squares + c1) * (aa + bb - squares + c2))
    }
  }
  return sum / (columns * rows)
}

/** Weighted sums of a, b, a^2, b^2 and ab around each column whose window lies inside. */
function filterRow(a: Float32Array, b: Float32Array, start: number, columns: number, to: Float64Array): void {
  for (let x = 0; x < columns; x++) {
    let [ma, mb, aa, bb, ab] = [0, 0, 0, 0, 0]
    for (let i = 0; i < windowSize; i++) {
      const w = weights[i]
      const p = a[start + x + i]
      const q = b[start + x + i]
      ma += w * p
      mb += w * q
      aa += w * p * p
      bb += w * q * q
      ab += w * p * q
    }
    to[x] = ma
    to[columns + x] = mb
    to[2 * columns + x] = aa
    to[3 * columns + x] = bb
    to[4 * columns + x] = ab
  }
}

/** One dimension of the window; the product of two sums to 1. */
const weights = ((): Float64Array => {
  const bell = Float64Array.from({ length: windowSize }, (_, i) =>
    Math.exp(-((i - (windowSize - 1) / 2) ** 2) / (2 * sigma ** 2)),
  )
  const total = bell.reduce((x, y) => x + y, 0)
  return bell.map((value) => value / total)
})()
