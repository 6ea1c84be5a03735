/**
 * Bilinear resizing of RGBA pixels, one Int32 each (little-endian bytes R, G, B, A), with half-pixel centres and without
 * antialiasing: OpenCV's INTER_LINEAR, with the same 11-bit weights, rounded once at the end.
 */

/** A rectangle of pixels inside a larger array, rows without gaps. */
export interface Pixels {
  data: Int32Array
  /** First pixel in `data`. */
  offset: number
  width: number
  height: number
}

const one = 2048

/** Source index and weight of the right (lower) neighbour for every output position; edges repeat. */
function taps(from: number, to: number): { index: Int32Array; next: Int32Array; weight: Int32Array } {
  const index = new Int32Array(to)
  const next = new Int32Array(to)
  const weight = new Int32Array(to)
  for (let i = 0; i < to; i++) {
    const at = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1)
    index[i] = Math.floor(at)
    next[i] = Math.min(index[i] + 1, from - 1)
    weight[i] = Math.round((at - index[i]) * one)
  }
  return { index, next, weight }
}

/** Writes `source` resized to the size of `target`. Alpha is dropped. */
export function resizeBilinear(source: Pixels, target: Pixels): void {
  const { width: sw, height: sh, data: src, offset } = source
  const { width: dw, height: dh, data: dst } = target
  if (sw === dw && sh === dh) {
    dst.set(src.subarray(offset, offset + sw * sh), target.offset)
    return
  }
  const columns = taps(sw, dw)
  const rows = taps(sh, dh)
  // Two horizontally interpolated rows are kept: most output rows share one with their neighbour.
  let upper = new Int32Array(dw * 3)
  let lower = new Int32Array(dw * 3)
  let upperRow = -1
  let lowerRow = -1
  const interpolateRow = (row: number, into: Int32Array) => {
    const base = offset + row * sw
    for (let x = 0, o = 0; x < dw; x++, o += 3) {
      const a = src[base + columns.index[x]]
      const b = src[base + columns.next[x]]
      const w = columns.weight[x]
      const v = one - w
      into[o] = (a & 255) * v + (b & 255) * w
      into[o + 1] = ((a >> 8) & 255) * v + ((b >> 8) & 255) * w
      into[o + 2] = ((a >> 16) & 255) * v + ((b >> 16) & 255) * w
    }
  }
  const half = 1 << 21
  for (let y = 0; y < dh; y++) {
    const top = rows.index[y]
    const bottom = rows.next[y]
    if (top === lowerRow) {
      ;[upper, lower] = [lower, upper]
      ;[upperRow, lowerRow] = [lowerRow, upperRow]
    }
    if (top !== upperRow) interpolateRow((upperRow = top), upper)
    if (bottom !== lowerRow) {
      if (bottom === upperRow) lower.set(upper)
      else interpolateRow(bottom, lower)
      lowerRow = bottom
    }
    const w = rows.weight[y]
    const v = one - w
    const out = target.offset + y * dw
    for (let x = 0, i = 0; x < dw; x++, i += 3) {
      const r = (upper[i] * v + lower[i] * w + half) >> 22
      const g = (upper[i + 1] * v + lower[i + 1] * w + half) >> 22
      const b = (upper[i + 2] * v + lower[i + 2] * w + half) >> 22
      dst[out + x] = r | (g << 8) | (b << 16)
    }
  }
}
