/** Shapes moved, scaled, turned and mirrored. Every function answers a new shape and leaves the given one alone. */
import type { Shape } from '@shared/domain/annotation'
import type { Box, Point } from '@shared/domain/geometry'
import { mapPoints } from '@shared/domain/map-points'
import { shapeBox } from '@shared/domain/shape-box'
import { bitmapFromRuns, runsFromBitmap, scaleBitmap } from './bitmap'
import { normalizeAngle, rotatePoint } from './rotate'

export function translateShape(shape: Shape, dx: number, dy: number): Shape {
  if (dx === 0 && dy === 0) return shape
  if (shape.kind === 'rotated-box') {
    const [cx, cy, w, h, angle] = shape.rotatedBox
    return { kind: 'rotated-box', rotatedBox: [cx + dx, cy + dy, w, h, angle] }
  }
  if (shape.kind === 'mask') {
    // Masks live on the pixel grid.
    const bitmap = bitmapFromRuns(shape.mask)
    const moved = { ...bitmap, left: bitmap.left + Math.round(dx), top: bitmap.top + Math.round(dy) }
    return { kind: 'mask', mask: runsFromBitmap(moved, shape.mask.size[0], shape.mask.size[1]) }
  }
  return mapPoints(shape, ([x, y]) => [x + dx, y + dy])
}

/** Stretches from one box to another; a mask on the pixel grid, a tag stays as it is. */
export function scaleShape(shape: Shape, from: Box, to: Box): Shape {
  if (shape.kind === 'mask') {
    const scaled = scaleBitmap(bitmapFromRuns(shape.mask), to)
    return { kind: 'mask', mask: runsFromBitmap(scaled, shape.mask.size[0], shape.mask.size[1]) }
  }
  const sx = from[2] > from[0] ? (to[2] - to[0]) / (from[2] - from[0]) : 1
  const sy = from[3] > from[1] ? (to[3] - to[1]) / (from[3] - from[1]) : 1
  return mapPoints(shape, ([x, y]) => [to[0] + (x - from[0]) * sx, to[1] + (y - from[1]) * sy])
}

/** Degrees clockwise about a centre. Upright boxes, masks and tags stay: they cannot be turned. */
export function rotateShape(shape: Shape, centre: Point, degrees: number): Shape {
  if (shape.kind === 'rotated-box') {
    const [cx, cy, w, h, angle] = shape.rotatedBox
    const [x, y] = rotatePoint([cx, cy], centre, degrees)
    return { kind: 'rotated-box', rotatedBox: [x, y, w, h, normalizeAngle(angle + degrees)] }
  }
  if (shape.kind === 'box') return shape
  // A stated box beside the points no longer holds after a turn.
  const turned = mapPoints(shape, (point) => rotatePoint(point, centre, degrees))
  if (turned.kind === 'keypoints' || turned.kind === 'polygon') delete turned.box
  return turned
}

/**
 * Left-right about the middle of the shape's box. Keypoints also change their names: the point that was left becomes
 * the right one, so that the mirrored instance is again a correct one.
 * @param flip `flip[i]` is the partner of point i; missing entries stay.
 */
export function mirrorShape(shape: Shape, flip: readonly number[] = []): Shape {
  const box = shapeBox(shape)
  if (!box) return shape
  const sum = box[0] + box[2]
  switch (shape.kind) {
    case 'rotated-box': {
      const [cx, cy, w, h, angle] = shape.rotatedBox
      return { kind: 'rotated-box', rotatedBox: [sum - cx, cy, w, h, normalizeAngle(-angle)] }
    }
    case 'mask': {
      const bitmap = bitmapFromRuns(shape.mask)
      const data = new Uint8Array(bitmap.data.length)
      for (let y = 0; y < bitmap.height; y++) {
        for (let x = 0; x < bitmap.width; x++) {
          data[y * bitmap.width + x] = bitmap.data[y * bitmap.width + bitmap.width - 1 - x]
        }
      }
      return { kind: 'mask', mask: runsFromBitmap({ ...bitmap, data }, shape.mask.size[0], shape.mask.size[1]) }
    }
    case 'keypoints': {
      const mirrored = mapPoints(shape, ([x, y]) => [sum - x, y])
      return mirrored.kind === 'keypoints' ? swapFlipPairs(mirrored, flip) : mirrored
    }
    case 'box':
    case 'polygon':
    case 'tag':
      return mapPoints(shape, ([x, y]) => [sum - x, y])
  }
}

type Keypoints = Extract<Shape, { kind: 'keypoints' }>

/** Exchanges left and right points by name, places unchanged. */
export const swapFlipPairs = (shape: Keypoints, flip: readonly number[]): Keypoints => ({
  ...shape,
  keypoints: shape.keypoints.map((point, i) => shape.keypoints[flip[i] ?? i] ?? point),
})
