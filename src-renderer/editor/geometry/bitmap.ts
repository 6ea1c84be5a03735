/** A binary mask limited to the part of the image that holds it, and its way to and from COCO run lengths. */
import type { Box, Point } from '@shared/domain/geometry'

/** Row-major, 1 is set; pixel (x, y) of the image is `data[(y - top) * width + (x - left)]`. */
export interface Bitmap {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** Column-major runs that start with background; `size` is [height, width]. */
export interface RunLengths {
  size: [height: number, width: number]
  counts: number[]
}

export const emptyBitmap: Bitmap = { left: 0, top: 0, width: 0, height: 0, data: new Uint8Array(0) }

export const bitmapBox = ({ left, top, width, height }: Bitmap): Box => [left, top, left + width, top + height]

export const bitmapAt = (bitmap: Bitmap, x: number, y: number): boolean =>
  x >= bitmap.left &&
  y >= bitmap.top &&
  x < bitmap.left + bitmap.width &&
  y < bitmap.top + bitmap.height &&
  bitmap.data[(y - bitmap.top) * bitmap.width + (x - bitmap.left)] === 1

/** Calls back with each vertical run of set pixels: column, first row, row after the last. */
export function forEachColumnRun(mask: RunLengths, run: (x: number, y1: number, y2: number) => void): void {
  const [height] = mask.size
  let at = 0
  for (let i = 0; i < mask.counts.length; i++) {
    const end = at + mask.counts[i]
    if (i % 2 === 1) {
      // A run may go on at the top of the next columns.
      for (let start = at; start < end;) {
        const x = Math.floor(start / height)
        const stop = Math.min(end, (x + 1) * height)
        run(x, start - x * height, stop - x * height)
        start = stop
      }
    }
    at = end
  }
}

/** The box of the set pixels; null for an empty mask. */
export function runLengthsBox(mask: RunLengths): Box | null {
  let [x1, y1, x2, y2] = [Infinity, Infinity, 0, 0]
  forEachColumnRun(mask, (x, from, to) => {
    x1 = Math.min(x1, x)
    x2 = Math.max(x2, x + 1)
    y1 = Math.min(y1, from)
    y2 = Math.max(y2, to)
  })
  return x2 > x1 ? [x1, y1, x2, y2] : null
}

export function bitmapFromRuns(mask: RunLengths): Bitmap {
  const box = runLengthsBox(mask)
  if (!box) return emptyBitmap
  const [left, top] = box
  const width = box[2] - left
  const height = box[3] - top
  const data = new Uint8Array(width * height)
  forEachColumnRun(mask, (x, from, to) => {
    for (let y = from - top; y < to - top; y++) data[y * width + (x - left)] = 1
  })
  return { left, top, width, height, data }
}

/** @param imageHeight, imageWidth pixels; set pixels outside are dropped. */
export function runsFromBitmap(bitmap: Bitmap, imageHeight: number, imageWidth: number): RunLengths {
  const counts: number[] = []
  const { left, top, width, height, data } = bitmap
  let end = 0
  const push = (from: number, to: number) => {
    // A run that continues the one before, across a column's foot, is joined with it.
    if (counts.length && from === end) counts[counts.length - 1] += to - from
    else counts.push(from - end, to - from)
    end = to
  }
  for (let column = Math.max(0, -left); column < Math.min(width, imageWidth - left); column++) {
    const base = (left + column) * imageHeight
    const last = Math.min(height, imageHeight - top)
    for (let row = Math.max(0, -top); row < last; row++) {
      if (data[row * width + column] === 0) continue
      const from = row
      while (row < last && data[row * width + column] === 1) row++
      push(base + top + from, base + top + row)
    }
  }
  counts.push(imageHeight * imageWidth - end)
  return { size: [imageHeight, imageWidth], counts }
}

/**
 * Fills another box, at least a pixel each way: each pixel is what lies under its centre. What is too thin for any
 * centre to meet leaves the pixels that it touches, so that no mask vanishes.
 */
export function scaleBitmap(bitmap: Bitmap, to: Box): Bitmap {
  if (bitmap.width === 0) return bitmap
  const [left, top] = [Math.round(to[0]), Math.round(to[1])]
  const width = Math.max(1, Math.round(to[2]) - left)
  const height = Math.max(1, Math.round(to[3]) - top)
  const data = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * bitmap.height) / height) * bitmap.width
    for (let x = 0; x < width; x++) {
      data[y * width + x] = bitmap.data[row + Math.floor(((x + 0.5) * bitmap.width) / width)]
    }
  }
  if (!data.includes(1)) {
    bitmap.data.forEach((value, i) => {
      const [x, y] = [i % bitmap.width, Math.floor(i / bitmap.width)]
      const at = Math.floor((y * height) / bitmap.height) * width + Math.floor((x * width) / bitmap.width)
      if (value === 1) data[at] = 1
    })
  }
  return { left, top, width, height, data }
}

/** A copy that reaches over the box too, grown by whole blocks so that strokes do not copy at every step. */
export function growBitmap(bitmap: Bitmap, box: Box, block = 128): Bitmap {
  const has = bitmap.width > 0
  const left = Math.min(has ? bitmap.left : Infinity, Math.floor(box[0] / block) * block)
  const top = Math.min(has ? bitmap.top : Infinity, Math.floor(box[1] / block) * block)
  const right = Math.max(has ? bitmap.left + bitmap.width : -Infinity, Math.ceil(box[2] / block) * block)
  const bottom = Math.max(has ? bitmap.top + bitmap.height : -Infinity, Math.ceil(box[3] / block) * block)
  if (
    has &&
    left === bitmap.left &&
    top === bitmap.top &&
    right === bitmap.left + bitmap.width &&
    bottom === bitmap.top + bitmap.height
  ) {
    return bitmap
  }
  const width = right - left
  const data = new Uint8Array(width * (bottom - top))
  for (let row = 0; row < bitmap.height; row++) {
    const source = bitmap.data.subarray(row * bitmap.width, (row + 1) * bitmap.width)
    data.set(source, (bitmap.top + row - top) * width + bitmap.left - left)
  }
  return { left, top, width, height: bottom - top, data }
}

/**
 * Sets or clears the pixels whose centres lie within `radius` of the segment a-b. Answers a bitmap that may be the same
 * object, changed in place.
 * @param limit image size: pixels beyond are not set.
 */
export function paintSegment(
  bitmap: Bitmap,
  a: Point,
  b: Point,
  radius: number,
  value: 0 | 1,
  limit: { width: number; height: number },
): Bitmap {
  const x1 = Math.max(0, Math.floor(Math.min(a[0], b[0]) - radius))
  const y1 = Math.max(0, Math.floor(Math.min(a[1], b[1]) - radius))
  const x2 = Math.min(limit.width, Math.ceil(Math.max(a[0], b[0]) + radius))
  const y2 = Math.min(limit.height, Math.ceil(Math.max(a[1], b[1]) + radius))
  if (x2 <= x1 || y2 <= y1) return bitmap
  const target = value === 1 ? growBitmap(bitmap, [x1, y1, x2, y2]) : bitmap
  const dx = b[0] - a[0]
  const dy = b[1] - a[1]
  const length2 = dx * dx + dy * dy
  const right = Math.min(x2, target.left + target.width)
  const bottom = Math.min(y2, target.top + target.height)
  for (let y = Math.max(y1, target.top); y < bottom; y++) {
    for (let x = Math.max(x1, target.left); x < right; x++) {
      const px = x + 0.5 - a[0]
      const py = y + 0.5 - a[1]
      const t = length2 === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length2))
      const ex = px - t * dx
      const ey = py - t * dy
      if (ex * ex + ey * ey <= radius * radius) {
        target.data[(y - target.top) * target.width + (x - target.left)] = value
      }
    }
  }
  return target
}

/** Sets or clears the pixels whose centres lie inside the rings (even-odd). */
export function paintRings(
  bitmap: Bitmap,
  rings: readonly (readonly Point[])[],
  value: 0 | 1,
  limit: { width: number; height: number },
): Bitmap {
  const ys = rings.flatMap((ring) => ring.map((point) => point[1]))
  const xs = rings.flatMap((ring) => ring.map((point) => point[0]))
  const clamp = (v: number, high: number) => Math.min(high, Math.max(0, v))
  const box: Box = [
    clamp(Math.floor(Math.min(...xs)), limit.width),
    clamp(Math.floor(Math.min(...ys)), limit.height),
    clamp(Math.ceil(Math.max(...xs)), limit.width),
    clamp(Math.ceil(Math.max(...ys)), limit.height),
  ]
  if (!(box[2] > box[0] && box[3] > box[1])) return bitmap
  const target = value === 1 ? growBitmap(bitmap, box) : bitmap
  for (let y = Math.max(box[1], target.top); y < Math.min(box[3], target.top + target.height); y++) {
    const crossings: number[] = []
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [xi, yi] = ring[i]
        const [xj, yj] = ring[j]
        const centre = y + 0.5
        if (yi > centre !== yj > centre) crossings.push(((xj - xi) * (centre - yi)) / (yj - yi) + xi)
      }
    }
    crossings.sort((p, q) => p - q)
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(target.left, box[0], Math.ceil(crossings[i] - 0.5))
      const to = Math.min(target.left + target.width, box[2], Math.ceil(crossings[i + 1] - 0.5))
      const row = (y - target.top) * target.width - target.left
      if (to > from) target.data.fill(value, row + from, row + to)
    }
  }
  return target
}

export const bitmapArea = ({ data }: Bitmap): number => {
  let area = 0
  for (let i = 0; i < data.length; i++) area += data[i]
  return area
}
