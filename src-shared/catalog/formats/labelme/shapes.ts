/** One labelme shape to ours. Shapes we have no kind for keep their own points beside the outline that stands for them. */
import type { Flags, Shape } from '../../../domain/annotation'
import { attributesSchema } from '../../../domain/attribute'
import { decodePngMask } from '../../../base/png-mask'
import { toNumber, toPoints, type Row } from '../common/json-list'
import { maskOfWindow } from '../common/mask-window'
import { ellipseRing, rotatedBoxOf } from '../common/point-sets'

export interface ReadShape {
  shape: Shape
  /** Goes to `extra.labelme`: what the shape was, where it is only stood for. */
  kept?: Row
}

/** How many points each type has, in labelme's own check. */
const counts: Record<string, [least: number, exact: boolean]> = {
  rectangle: [2, true],
  polygon: [3, false],
  circle: [2, true],
  point: [1, true],
  mask: [2, true],
  oriented_rectangle: [4, true],
  rotation: [4, true],
}

/** The outline of a circle from its centre and a point on its rim. */
export const circleRing = ([[cx, cy], [x, y]]: readonly (readonly [number, number])[]): [number, number][] => {
  const radius = Math.hypot(x - cx, y - cy)
  return ellipseRing(cx, cy, radius, radius)
}

/** A shape; a reason why it is none (`problem`); null: a type without an area, kept as it is. */
export async function readLabelmeShape(
  row: Row,
  size: { width?: number; height?: number },
): Promise<ReadShape | { code: string; problem: string } | null> {
  const type = typeof row.shape_type === 'string' ? row.shape_type : 'polygon'
  const points = toPoints(row.points)
  if (!points) return { code: 'bad-points', problem: 'has points that are no pairs of numbers' }
  const rule = counts[type]
  if (!rule) return null
  const [least, exact] = rule
  if (points.length < least || (exact && points.length !== least)) {
    // Older versions wrote rectangles with their four corners.
    if (type !== 'rectangle' || points.length !== 4)
      return { code: 'bad-points', problem: `has ${points.length} points; a ${type} has ${exact ? '' : 'at least '}${least}` }
  } // prettier-ignore
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
  const bounds: [number, number, number, number] = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]
  switch (type) {
    case 'rectangle':
      return { shape: { kind: 'box', box: bounds } }
    case 'circle':
      return { shape: { kind: 'polygon', rings: [circleRing(points)] }, kept: { shape_type: type, points } }
    case 'point':
      return { shape: { kind: 'keypoints', keypoints: [[...points[0], 2]] } }
    case 'oriented_rectangle':
    case 'rotation': {
      const rotatedBox = rotatedBoxOf(points)
      const kept = type === 'rotation' ? { shape_type: type } : {}
      return { shape: rotatedBox ? { kind: 'rotated-box', rotatedBox } : { kind: 'polygon', rings: [points] }, kept }
    }
    case 'mask': {
      if (typeof row.mask !== 'string') return { code: 'bad-mask', problem: 'has no picture "mask"' }
      if (!size.width || !size.height) return { code: 'no-size', problem: 'needs the size of its image, which is not known' } // prettier-ignore
      try {
        const window = await decodePngMask(row.mask)
        const [left, top] = [Math.round(bounds[0]), Math.round(bounds[1])]
        return { shape: { kind: 'mask', mask: maskOfWindow({ left, top, ...window }, size.width, size.height) } }
      } catch (error) {
        return { code: 'bad-mask', problem: `has a mask that cannot be read: ${error instanceof Error ? error.message : String(error)}` } // prettier-ignore
      }
    }
    default:
      return { shape: { kind: 'polygon', rings: [points] } }
  }
}

const flagNames = ['truncated', 'occluded', 'crowd'] as const

/** Flags, own attributes, and the fields that are not interpreted. */
export function readLabelmeExtras(row: Row): { flags?: Partial<Flags>; extra?: Record<string, unknown> } {
  const { label: _l, points: _p, shape_type: _t, mask: _m, group_id, flags: stated, difficult, attributes, tagwright: _o, ...rest } = row // prettier-ignore
  const flags: Partial<Flags> = difficult === true ? { difficult: true } : {}
  if (difficult !== undefined && difficult !== true && difficult !== false) rest.difficult = difficult
  const others = { ...(stated && typeof stated === 'object' ? (stated as Row) : {}) }
  for (const flag of flagNames) {
    if (others[flag] === true) {
      flags[flag] = true
      delete others[flag]
    }
  }
  // What labelme writes into every shape.
  if (rest.description === '' || rest.description === null) delete rest.description
  const own = attributesSchema.safeParse(attributes).data
  if (attributes !== undefined && !own) rest.attributes = attributes
  const labelme: Row = { ...rest }
  if (Object.keys(others).length) labelme.flags = others
  if (toNumber(group_id) !== undefined) labelme.group_id = group_id
  const extra = {
    ...(Object.keys(labelme).length ? { labelme } : {}),
    ...(own && Object.keys(own).length ? { attributes: own } : {}),
  }
  return {
    ...(Object.keys(flags).length ? { flags } : {}),
    ...(Object.keys(extra).length ? { extra } : {}),
  }
}
