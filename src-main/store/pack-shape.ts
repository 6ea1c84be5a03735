/** The columns of `annotation` that hold a shape and its flags, and what they mean. Needs no database. */
import { noFlags, type Flags, type Shape, type ShapeKind } from '@shared/domain/annotation'
import type { ShapeText } from '@shared/domain/dataset'
import { shapeBox } from '@shared/domain/shape-box'
import type { AnnotationRow } from './rows'

const bits = { difficult: 1, truncated: 2, occluded: 4, crowd: 8 } as const
export const hiddenBit = 16
export const lockedBit = 32

export function packFlags(flags: Partial<Flags> = noFlags, hidden = false, locked = false): number {
  return (
    (flags.difficult ? bits.difficult : 0) |
    (flags.truncated ? bits.truncated : 0) |
    (flags.occluded ? bits.occluded : 0) |
    (flags.crowd ? bits.crowd : 0) |
    (hidden ? hiddenBit : 0) |
    (locked ? lockedBit : 0)
  )
}

export const unpackFlags = (packed: number): Flags => ({
  difficult: (packed & bits.difficult) !== 0,
  truncated: (packed & bits.truncated) !== 0,
  occluded: (packed & bits.occluded) !== 0,
  crowd: (packed & bits.crowd) !== 0,
})

export type ShapeColumns = Pick<AnnotationRow, 'kind' | 'x1' | 'y1' | 'x2' | 'y2' | 'shape'>

/** JSON, outlines faster than JSON.stringify: most of their numbers have two decimals at most. */
function stringifyShape(shape: Shape): string {
  if (shape.kind !== 'polygon' || 'box' in shape) return JSON.stringify(shape)
  let text = ''
  for (const ring of shape.rings) {
    let points = ''
    for (const point of ring) points += `${points === '' ? '[' : ',['}${decimal(point[0])},${decimal(point[1])}]`
    text += `${text === '' ? '[' : ',['}${points}]`
  }
  return `{"kind":"polygon","rings":[${text}]}`
}

const decimals = Array.from({ length: 100 }, (_, i) => (i === 0 ? '' : String(i / 100).slice(1)))

/** A finite number as JSON writes it. */
function decimal(value: number): string {
  const hundredths = Math.round(value * 100)
  if (!(hundredths >= 0 && hundredths < 1e9) || hundredths / 100 !== value) return JSON.stringify(value)
  const whole = Math.trunc(hundredths / 100)
  return whole + decimals[hundredths - 100 * whole]
}

/** The geometry columns of a shape: its bounding box, and the whole shape as JSON for every kind but box. */
export function packShape(shape: Shape | ShapeText): ShapeColumns {
  const box = shapeBox(shape)
  return {
    kind: shape.kind,
    x1: box ? box[0] : null,
    y1: box ? box[1] : null,
    x2: box ? box[2] : null,
    y2: box ? box[3] : null,
    shape: shape.kind === 'box' || shape.kind === 'tag' ? null : 'json' in shape ? shape.json : stringifyShape(shape),
  }
}

export function unpackShape(row: ShapeColumns): Shape {
  if (row.shape !== null) return JSON.parse(row.shape) as Shape
  if ((row.kind as ShapeKind) === 'tag') return { kind: 'tag' }
  return { kind: 'box', box: [row.x1!, row.y1!, row.x2!, row.y2!] }
}
