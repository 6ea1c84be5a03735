/** Keeping shapes inside the image. */
import type { Shape } from '@shared/domain/annotation'
import { clipBox, type Box, type Point } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import { translateShape } from './transform-shape'
import type { Size } from './view'

export const clampPoint = ([x, y]: Point, image: Size): Point => [
  Math.min(image.width, Math.max(0, x)),
  Math.min(image.height, Math.max(0, y)),
]

/**
 * The part of a move that keeps the box inside the image. A box that already reaches out may come back in, not go
 * further out.
 */
export function clampMove(box: Box, dx: number, dy: number, image: Size): Point {
  const along = (low: number, high: number, delta: number, side: number) =>
    // Plus 0: no negative zeros in stored numbers.
    (delta < 0 ? Math.max(delta, Math.min(0, -low)) : Math.min(delta, Math.max(0, side - high))) + 0
  return [along(box[0], box[2], dx, image.width), along(box[1], box[3], dy, image.height)]
}

/** Moves a shape into the image; upright boxes larger than the image are clipped to it. */
export function bringInside(shape: Shape, image: Size): Shape {
  const box = shapeBox(shape)
  if (!box) return shape
  const shift = (low: number, high: number, side: number) => {
    if (high - low > side) return -low
    return low < 0 ? -low : high > side ? side - high : 0
  }
  const moved = translateShape(shape, shift(box[0], box[2], image.width), shift(box[1], box[3], image.height))
  return moved.kind === 'box' ? { kind: 'box', box: [...clipBox(moved.box, image.width, image.height)] } : moved
}

export const boundsOf = (shapes: readonly Shape[]): Box | null => {
  const boxes = shapes.map(shapeBox).filter((box) => box !== null)
  if (boxes.length === 0) return null
  return [
    Math.min(...boxes.map((box) => box[0])),
    Math.min(...boxes.map((box) => box[1])),
    Math.max(...boxes.map((box) => box[2])),
    Math.max(...boxes.map((box) => box[3])),
  ]
}
