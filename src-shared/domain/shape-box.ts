/** The axis-aligned box of any shape. */
import type { Shape } from './annotation'
import type { ShapeText } from './dataset'
import { boundingBox, type Box, type Point } from './geometry'

/** The box a shape states, else the smallest upright box around it, in image pixels; null for tags, empty masks and poses without points. */
export function shapeBox(shape: Shape | ShapeText): Box | null {
  switch (shape.kind) {
    case 'box':
      return shape.box
    case 'rotated-box':
      return boundingBox(rotatedBoxCorners(shape.rotatedBox))
    case 'polygon':
      if ('json' in shape) return shape.box
      return shape.box ?? boundingBox(shape.rings.length === 1 ? shape.rings[0] : shape.rings.flat())
    case 'mask':
      return shape.box ?? maskBox(shape.mask.size, shape.mask.counts)
    case 'keypoints': {
      if (shape.box) return shape.box
      const points = shape.keypoints.filter(([, , v]) => v > 0).map(([x, y]): Point => [x, y])
      return points.length ? boundingBox(points) : null
    }
    case 'tag':
      return null
  }
}

/** The four corners of `[cx, cy, w, h, angle]`, clockwise from the top left of the unturned box. */
export function rotatedBoxCorners([cx, cy, w, h, angle]: readonly [number, number, number, number, number]): Point[] {
  const c = Math.cos((angle * Math.PI) / 180)
  const s = Math.sin((angle * Math.PI) / 180)
  return [
    [-w / 2, -h / 2],
    [w / 2, -h / 2],
    [w / 2, h / 2],
    [-w / 2, h / 2],
  ].map(([x, y]): Point => [cx + x * c - y * s, cy + x * s + y * c])
}

/** The box of column-major run lengths that start with background; null when no pixel is set. */
function maskBox([height]: readonly [number, number], counts: readonly number[]): Box | null {
  let at = 0
  let x1 = Infinity
  let y1 = Infinity
  let x2 = -Infinity
  let y2 = -Infinity
  counts.forEach((count, i) => {
    if (i % 2 === 1 && count > 0) {
      const last = at + count - 1
      const firstColumn = Math.floor(at / height)
      const lastColumn = Math.floor(last / height)
      x1 = Math.min(x1, firstColumn)
      x2 = Math.max(x2, lastColumn + 1)
      // A run that crosses a column touches the bottom of one and the top of the next.
      y1 = Math.min(y1, lastColumn > firstColumn ? 0 : at % height)
      y2 = Math.max(y2, lastColumn > firstColumn ? height : (last % height) + 1)
    }
    at += count
  })
  return x2 > x1 ? [x1, y1, x2, y2] : null
}
