/**
 * Geometry in image space: float64 pixels, upright (EXIF applied), continuous, origin at the top-left corner of the
 * top-left pixel, x to the right, y down. A full-frame box of a W x H image is [0, 0, W, H].
 */

export type Point = readonly [x: number, y: number]
/** `[x1, y1, x2, y2]` with x1 <= x2 and y1 <= y2. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number]
/** `[cx, cy, w, h, angle]`, angle in degrees clockwise. */
export type RotatedBox = readonly [cx: number, cy: number, w: number, h: number, angle: number]
/** A closed ring; the last point is not repeated. */
export type Ring = readonly Point[]
/** `v`: 0 absent, 1 labelled but hidden, 2 visible. */
export type Keypoint = readonly [x: number, y: number, v: 0 | 1 | 2]

export const boxArea = ([x1, y1, x2, y2]: Box): number => Math.max(0, x2 - x1) * Math.max(0, y2 - y1)

/** Intersection over union of two boxes, 0 when they do not overlap. */
export function boxIou(a: Box, b: Box): number {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (w <= 0 || h <= 0) return 0
  const inter = w * h
  return inter / (boxArea(a) + boxArea(b) - inter)
}

export const clipBox = ([x1, y1, x2, y2]: Box, width: number, height: number): Box => [
  Math.min(Math.max(x1, 0), width),
  Math.min(Math.max(y1, 0), height),
  Math.min(Math.max(x2, 0), width),
  Math.min(Math.max(y2, 0), height),
]

/** The smallest box around a set of points. */
export function boundingBox(points: Iterable<Point>): Box {
  let x1 = Infinity
  let y1 = Infinity
  let x2 = -Infinity
  let y2 = -Infinity
  // Imports call this for every polygon: indexing is several times faster than destructuring.
  for (const point of points) {
    const x = point[0]
    const y = point[1]
    if (x < x1) x1 = x
    if (y < y1) y1 = y
    if (x > x2) x2 = x
    if (y > y2) y2 = y
  }
  return [x1, y1, x2, y2]
}

/** Signed shoelace area of a ring, positive when clockwise on screen (y down). */
export function ringArea(ring: Ring): number {
  let sum = 0
  for (let i = 0; i < ring.length; i++) {
    const [x1, y1] = ring[i]
    const [x2, y2] = ring[(i + 1) % ring.length]
    sum += x1 * y2 - x2 * y1
  }
  return sum / 2
}
