/** Boxes changed by a corner, a side or two points. */
import type { Box, Point, RotatedBox } from '@shared/domain/geometry'
import { handleSide, type SideHandle } from './handles'
import { angleOf, normalizeAngle, rotatePoint } from './rotate'
import type { Size } from './view'

export interface ResizeOptions {
  /** Equal sides. */
  square?: boolean
  /** The middle stays, both sides move. */
  fromCentre?: boolean
  /** The box stays inside; without it, no limit. */
  image?: Size
}

const sign = (value: number) => (value < 0 ? -1 : 1)

/**
 * The box between a fixed point and a moving one; with `fromCentre` the fixed point is the middle. Squares take the
 * longer side, shortened to stay inside the image.
 */
export function boxBetween(fixed: Point, moving: Point, { square, fromCentre, image }: ResizeOptions = {}): Box {
  let dx = moving[0] - fixed[0]
  let dy = moving[1] - fixed[1]
  const room = (at: number, delta: number, side: number) => {
    if (fromCentre) return Math.max(0, Math.min(at, side - at))
    return Math.max(0, delta < 0 ? at : side - at)
  }
  const limitX = image ? room(fixed[0], dx, image.width) : Infinity
  const limitY = image ? room(fixed[1], dy, image.height) : Infinity
  if (square) {
    const side = Math.min(Math.max(Math.abs(dx), Math.abs(dy)), limitX, limitY)
    dx = sign(dx) * side
    dy = sign(dy) * side
  } else {
    dx = sign(dx) * Math.min(Math.abs(dx), limitX)
    dy = sign(dy) * Math.min(Math.abs(dy), limitY)
  }
  const x = fromCentre ? fixed[0] - dx : fixed[0]
  const y = fromCentre ? fixed[1] - dy : fixed[1]
  const x2 = fixed[0] + dx
  const y2 = fixed[1] + dy
  return [Math.min(x, x2), Math.min(y, y2), Math.max(x, x2), Math.max(y, y2)]
}

/** Drags one handle of an upright box to a point; crossing the opposite side turns the box over. */
export function resizeBox(start: Box, handle: SideHandle, to: Point, options: ResizeOptions = {}): Box {
  const [sx, sy] = handleSide(handle)
  const [x1, y1, x2, y2] = start
  const centre: Point = [(x1 + x2) / 2, (y1 + y2) / 2]
  const fixed: Point = options.fromCentre ? centre : [sx < 0 ? x2 : x1, sy < 0 ? y2 : y1]
  if (sx !== 0 && sy !== 0) return boxBetween(fixed, to, options)
  // One side moves. A square grows the other pair of sides about its middle.
  const horizontal = sx !== 0
  const line = boxBetween(fixed, horizontal ? [to[0], fixed[1]] : [fixed[0], to[1]], {
    fromCentre: options.fromCentre,
    image: options.image,
  })
  const length = horizontal ? line[2] - line[0] : line[3] - line[1]
  const half = options.square ? length / 2 : horizontal ? (y2 - y1) / 2 : (x2 - x1) / 2
  return horizontal
    ? [line[0], centre[1] - half, line[2], centre[1] + half]
    : [centre[0] - half, line[1], centre[0] + half, line[3]]
}

/** Drags one handle of a turned box; the opposite corner or side stays where it is. */
export function resizeRotatedBox(
  start: RotatedBox,
  handle: SideHandle,
  to: Point,
  { square, fromCentre }: ResizeOptions = {},
): RotatedBox {
  const [cx, cy, w, h, angle] = start
  const centre: Point = [cx, cy]
  const local = rotatePoint(to, centre, -angle)
  const upright: Box = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
  const box = resizeBox(upright, handle, local, { square, fromCentre })
  const [x, y] = rotatePoint([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], centre, angle)
  return [x, y, box[2] - box[0], box[3] - box[1], angle]
}

/** Turns a box so that its top middle looks at a point. @param step degrees to which the angle is rounded; 0: none. */
export function turnTo(start: RotatedBox, to: Point, step = 0): RotatedBox {
  const [cx, cy, w, h] = start
  const free = angleOf([cx, cy], to) + 90
  return [cx, cy, w, h, normalizeAngle(step > 0 ? Math.round(free / step) * step : Math.round(free * 10) / 10)]
}

/** A turned box from one side a-b and the distance of a third point from it; `depth` 0 gives a flat box. */
export function rotatedBoxFromSide(a: Point, b: Point, to: Point): RotatedBox {
  const angle = angleOf(a, b)
  const width = Math.hypot(b[0] - a[0], b[1] - a[1])
  const [, across] = rotatePoint(to, a, -angle)
  const depth = across - a[1]
  const middle = rotatePoint([a[0] + width / 2, a[1] + depth / 2], a, angle)
  return [middle[0], middle[1], width, Math.abs(depth), normalizeAngle(angle)]
}
