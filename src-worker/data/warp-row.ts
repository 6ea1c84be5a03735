/**
 * One output row of one tile under an affine map: inverse-mapped bilinear sampling straight from the tile's pixels, so
 * that a mosaic canvas never exists. Positions have 16 fractional bits, weights 8.
 */
import type { Affine } from '@shared/domain/affine'
import type { Box } from '@shared/domain/geometry'
import type { PixelSpace } from './pixel-space'
import type { Pixels } from './resize-bilinear'

/** Integers x of [0, width) whose value `at + step * x` lies in [low, high), as [from, to). */
function span(at: number, step: number, low: number, high: number, width: number): [number, number] {
  if (step === 0) return at >= low && at < high ? [0, width] : [0, 0]
  const a = (low - at) / step
  const b = (high - at) / step
  // Both directions use the same quotient for a shared edge, so neighbouring tiles neither overlap nor leave a gap.
  const from = step > 0 ? Math.ceil(a) : Math.floor(b) + 1
  const to = step > 0 ? Math.ceil(b) : Math.floor(a) + 1
  return [Math.max(from, 0), Math.min(to, width)]
}

export interface WarpTile {
  /** One colour instead of pixels. */
  fill?: number
  pixels: Pixels
  /** Part of the canvas that shows this tile. */
  clip: Box
  /** Canvas position of the tile and canvas pixels per tile pixel. */
  x: number
  y: number
  scaleX: number
  scaleY: number
}

/**
 * @param row output pixels of this row, in the memory of `space`; only those that show the tile are written.
 * @param y row number; pixel centres lie at (x + .5, y + .5).
 * @param inverse output to canvas.
 */
export function warpRow(space: PixelSpace, row: Int32Array, y: number, inverse: Affine, tile: WarpTile): void {
  const [a, b, c, d, e, f] = inverse
  const canvasX = 0.5 * a + (y + 0.5) * b + c
  const canvasY = 0.5 * d + (y + 0.5) * e + f
  const [x1, x2] = span(canvasX, a, tile.clip[0], tile.clip[2], row.length)
  const [y1, y2] = span(canvasY, d, tile.clip[1], tile.clip[3], row.length)
  const from = Math.max(x1, y1)
  const to = Math.min(x2, y2)
  if (from >= to) return
  if (tile.fill !== undefined) {
    row.fill(tile.fill, from, to)
    return
  }
  const { data, offset, width, height } = tile.pixels
  const du = a / tile.scaleX
  const dv = d / tile.scaleY
  const u0 = (canvasX - tile.x) / tile.scaleX - 0.5
  const v0 = (canvasY - tile.y) / tile.scaleY - 0.5
  if (dv === 0 && Math.abs(v0 - Math.round(v0)) < 1e-6 && Math.abs(u0 - Math.round(u0)) < 1e-6 && Math.abs(du) === 1) {
    copyRow(row, from, to, data, offset + clamp(Math.round(v0), height - 1) * width, Math.round(u0), du, width)
    return
  }
  // Where all four neighbours exist, with a margin for the rounding of fixed point.
  const margin = 1 / 64
  const [i1, i2] = span(u0, du, margin, width - 1 - margin, row.length)
  const [j1, j2] = span(v0, dv, margin, height - 1 - margin, row.length)
  const innerFrom = Math.min(Math.max(from, i1, j1), to)
  const innerTo = Math.max(Math.min(to, i2, j2), innerFrom)
  if (innerFrom > from) warpEdge(row, from, innerFrom, tile.pixels, u0, du, v0, dv)
  if (innerTo > innerFrom) {
    space.kernels.warp(
      row.byteOffset + 4 * innerFrom,
      row.byteOffset + 4 * innerTo,
      data.byteOffset + 4 * offset,
      4 * width,
      fixed(u0 + du * innerFrom),
      fixed(v0 + dv * innerFrom),
      fixed(du),
      fixed(dv),
    )
  }
  if (to > innerTo) warpEdge(row, innerTo, to, tile.pixels, u0, du, v0, dv)
}

const fixed = (x: number) => Math.round(x * 65536)
const clamp = (x: number, high: number) => (x < 0 ? 0 : x > high ? high : x)

function copyRow(
  row: Int32Array,
  from: number,
  to: number,
  data: Int32Array,
  base: number,
  u0: number,
  du: number,
  width: number,
): void {
  for (let x = from; x < to; x++) row[x] = data[base + clamp(u0 + du * x, width - 1)]
}

/** The same sampling where a neighbour may be missing: the edge pixel repeats. */
function warpEdge(
  row: Int32Array,
  from: number,
  to: number,
  { data, offset, width, height }: Pixels,
  u0: number,
  du: number,
  v0: number,
  dv: number,
): void {
  for (let x = from; x < to; x++) {
    const u = Math.floor(clamp(u0 + du * x, width - 1) * 256)
    const v = Math.floor(clamp(v0 + dv * x, height - 1) * 256)
    const left = u >> 8
    const top = v >> 8
    const right = Math.min(left + 1, width - 1)
    const bottom = Math.min(top + 1, height - 1)
    const fx = u & 255
    const fy = v & 255
    const p00 = data[offset + top * width + left]
    const p10 = data[offset + top * width + right]
    const p01 = data[offset + bottom * width + left]
    const p11 = data[offset + bottom * width + right]
    let out = 0
    for (let shift = 0; shift < 24; shift += 8) {
      // As the kernel: down first, each step rounded.
      const near = (((p00 >> shift) & 255) * (256 - fy) + ((p01 >> shift) & 255) * fy + 128) >> 8
      const far = (((p10 >> shift) & 255) * (256 - fy) + ((p11 >> shift) & 255) * fy + 128) >> 8
      out |= ((near * (256 - fx) + far * fx + 128) >> 8) << shift
    }
    row[x] = out
  }
}
