/** What dragging a shape, a handle, a corner or a keypoint does to stored shapes. */
import type { Shape } from '@shared/domain/annotation'
import type { Box, Point, RotatedBox } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import type { EditorAnnotation, EditReason } from '../api'
import { boundsOf, clampMove, clampPoint } from '../geometry/clamp'
import { handleSide, type HandleId, type SideHandle } from '../geometry/handles'
import { insertVertex, moveVertex } from '../geometry/polygon-edit'
import { resizeBox, resizeRotatedBox, turnTo } from '../geometry/resize'
import { rotatePoint } from '../geometry/rotate'
import { roundBox, tidy } from '../geometry/snap'
import { scaleShape, translateShape } from '../geometry/transform-shape'
import type { ToolContext, ToolPointer } from './tool'

export interface Drag {
  readonly reason: EditReason
  readonly ids: readonly number[]
  readonly cursor: string
  /** Shapes by id for the pointer's place. */
  update(pointer: ToolPointer): ReadonlyMap<number, Shape>
}

export function moveDrag(context: ToolContext, items: readonly EditorAnnotation[], from: Point): Drag | null {
  const movable = items.filter((item) => !item.locked && item.shape.kind !== 'tag')
  const bounds = boundsOf(movable.map((item) => item.shape))
  if (!bounds) return null
  const ids = movable.map((item) => item.id)
  const onlyPoints = movable.every((item) => item.shape.kind === 'keypoints')
  return {
    reason: 'Move',
    ids,
    cursor: 'move',
    update({ image, shift }) {
      let dx = image[0] - from[0]
      let dy = image[1] - from[1]
      // Shift keeps the move on one axis.
      if (shift) {
        if (Math.abs(dx) > Math.abs(dy)) dy = 0
        else dx = 0
      }
      const { snapEdges, snapPixels } = context.scene.settings
      if (snapEdges) {
        const corner: Point = [bounds[0] + dx, bounds[1] + dy]
        const placed = context.place(corner, { exclude: new Set(ids), whole: false })
        dx = placed[0] - bounds[0]
        dy = placed[1] - bounds[1]
      }
      const round = snapPixels && !onlyPoints ? Math.round : tidy
      const [cx, cy] = clampMove(bounds, round(dx), round(dy), context.image())
      return new Map(movable.map((item) => [item.id, translateShape(item.shape, cx, cy)]))
    },
  }
}

/** @param from where the handle was pressed: the corner keeps its distance from the pointer. */
export function handleDrag(context: ToolContext, item: EditorAnnotation, handle: HandleId, from: Point): Drag | null {
  const { shape } = item
  const drag = (reason: EditReason, change: (pointer: ToolPointer) => Shape): Drag => ({
    reason,
    ids: [item.id],
    cursor: handle === 'rotate' ? 'grabbing' : '',
    update: (pointer) => new Map([[item.id, change(pointer)]]),
  })
  const exclude = new Set([item.id])
  const follow = (corner: Point, to: Point): Point => [corner[0] + to[0] - from[0], corner[1] + to[1] - from[1]]
  if (shape.kind === 'rotated-box') {
    const start: RotatedBox = shape.rotatedBox
    if (handle === 'rotate') {
      return drag('Rotate', ({ image, shift }) => ({
        kind: 'rotated-box',
        rotatedBox: [...turnTo(start, image, shift ? 15 : 0)],
      }))
    }
    const corner = rotatedBoxPoint(start, handle)
    return drag('Resize', ({ image, shift, alt }) => {
      const to = clampPoint(follow(corner, image), context.image())
      const [cx, cy, w, h, angle] = resizeRotatedBox(start, handle, to, { square: shift, fromCentre: alt })
      const side = (length: number) => Math.max(1, tidy(length))
      return { kind: 'rotated-box', rotatedBox: [tidy(cx), tidy(cy), side(w), side(h), angle] }
    })
  }
  const start = shapeBox(shape)
  if (!start || handle === 'rotate') return null
  const corner = boxPoint(start, handle)
  if (shape.kind === 'keypoints' || shape.kind === 'mask') {
    return drag('Resize', ({ image, shift, alt }) => {
      const to = clampPoint(follow(corner, image), context.image())
      const box = resizeBox(start, handle, to, { square: shift, fromCentre: alt, image: context.image() })
      return scaleShape(shape, start, box)
    })
  }
  if (shape.kind !== 'box') return null
  return drag('Resize', ({ image, shift, mod, alt }) => {
    const to = context.place(follow(corner, image), { exclude })
    const { squares, snapPixels, snapEdges } = context.scene.settings
    const square = (shift || mod) !== squares
    const box = resizeBox(start, handle, to, { square, fromCentre: alt, image: context.image() })
    return { kind: 'box', box: keepArea(roundMoved(box, start, snapPixels && !snapEdges), context) }
  })
}

const boxPoint = ([x1, y1, x2, y2]: Box, handle: SideHandle): Point => {
  const [sx, sy] = handleSide(handle)
  return [(x1 + x2) / 2 + (sx * (x2 - x1)) / 2, (y1 + y2) / 2 + (sy * (y2 - y1)) / 2]
}

const rotatedBoxPoint = ([cx, cy, w, h, angle]: RotatedBox, handle: SideHandle): Point => {
  const [sx, sy] = handleSide(handle)
  return rotatePoint([cx + (sx * w) / 2, cy + (sy * h) / 2], [cx, cy], angle)
}

/** Rounds the sides that moved; those that stayed keep their exact place. */
function roundMoved(
  box: readonly [number, number, number, number],
  start: readonly [number, number, number, number],
  whole: boolean,
): [number, number, number, number] {
  const rounded = roundBox(box, whole)
  return [0, 1, 2, 3].map((i) => (start.includes(box[i]) ? box[i] : rounded[i])) as [number, number, number, number]
}

/** At least one pixel wide and high. */
function keepArea(box: [number, number, number, number], context: ToolContext): [number, number, number, number] {
  const { width, height } = context.image()
  const side = (low: number, high: number, room: number): [number, number] => {
    if (high - low >= 1) return [low, high]
    return high + 1 <= room ? [low, low + 1] : [room - 1, room]
  }
  const [x1, x2] = side(box[0], box[2], width)
  const [y1, y2] = side(box[1], box[3], height)
  return [x1, y1, x2, y2]
}

/** @param part a corner, or an edge on which a new corner grows under the pointer. */
export function polygonDrag(
  context: ToolContext,
  item: EditorAnnotation,
  part: { part: 'vertex' | 'edge'; ring: number; index: number; point: Point },
): Drag | null {
  const { shape } = item
  if (shape.kind !== 'polygon' || item.locked) return null
  const insert = part.part === 'edge'
  const rings = insert ? insertVertex(shape.rings, part.ring, part.index, part.point) : shape.rings
  const index = insert ? part.index + 1 : part.index
  return {
    reason: 'Edit polygon',
    ids: [item.id],
    cursor: 'move',
    update: ({ image }) => {
      const to = context.place(image, { exclude: new Set([item.id]) })
      // The stated box beside the outline would no longer fit it.
      return new Map([[item.id, { kind: 'polygon', rings: moveVertex(rings, part.ring, index, to) }]])
    },
  }
}

export function keypointDrag(context: ToolContext, item: EditorAnnotation, index: number): Drag | null {
  const { shape } = item
  if (shape.kind !== 'keypoints' || item.locked) return null
  return {
    reason: 'Move keypoint',
    ids: [item.id],
    cursor: 'move',
    update: ({ image }) => {
      const [x, y] = context.place(image, { whole: false })
      const keypoints = shape.keypoints.map((point, i): typeof point => (i === index ? [x, y, point[2] || 2] : point))
      return new Map([
        [item.id, { ...shape, keypoints, ...(shape.box ? { box: includePoint(shape.box, [x, y]) } : {}) }],
      ])
    },
  }
}

/** A pose's stated box grows with its points and never shrinks by itself. */
const includePoint = (
  box: readonly [number, number, number, number],
  [x, y]: Point,
): [number, number, number, number] => [
  Math.min(box[0], x),
  Math.min(box[1], y),
  Math.max(box[2], x),
  Math.max(box[3], y),
]
