/** Table `annotation`: rows and what they mean. */
import { noFlags, type Flags, type Shape, type ShapeKind } from '@shared/domain/annotation'
import { ringArea, type Ring } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import { sql, type ReadDb } from './db'
import type { AnnotationRow } from './rows'

export interface Annotation {
  id: number
  sampleId: number
  labelId: number
  shape: Shape
  flags: Flags
  hidden: boolean
  locked: boolean
  /** As stated by the imported file; null otherwise. */
  area: number | null
  z: number
  /** null: drawn by hand; `import`; `run:r3`... */
  provenance: string | null
  extra: Record<string, unknown> | null
}

const bits = { difficult: 1, truncated: 2, occluded: 4, crowd: 8 } as const
const hiddenBit = 16
const lockedBit = 32

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

type ShapeColumns = Pick<AnnotationRow, 'kind' | 'x1' | 'y1' | 'x2' | 'y2' | 'shape'>

/** The geometry columns of a shape: its bounding box, and the whole shape as JSON for every kind but box. */
export function packShape(shape: Shape): ShapeColumns {
  const box = shapeBox(shape)
  return {
    kind: shape.kind,
    x1: box ? box[0] : null,
    y1: box ? box[1] : null,
    x2: box ? box[2] : null,
    y2: box ? box[3] : null,
    shape: shape.kind === 'box' || shape.kind === 'tag' ? null : JSON.stringify(shape),
  }
}

export function unpackShape(row: ShapeColumns): Shape {
  if (row.shape !== null) return JSON.parse(row.shape) as Shape
  if ((row.kind as ShapeKind) === 'tag') return { kind: 'tag' }
  return { kind: 'box', box: [row.x1!, row.y1!, row.x2!, row.y2!] }
}

/** Pixels squared: polygons by their rings, masks by their pixels, anything else by its box. */
export function shapeArea(shape: Shape): number {
  switch (shape.kind) {
    case 'polygon':
      return shape.rings.reduce((sum, ring) => sum + Math.abs(ringArea(ring as Ring)), 0)
    case 'mask':
      return shape.mask.counts.reduce((sum, count, i) => (i % 2 === 1 ? sum + count : sum), 0)
    case 'rotated-box':
      return Math.abs(shape.rotatedBox[2] * shape.rotatedBox[3])
    case 'box':
    case 'keypoints':
    case 'tag': {
      const box = shapeBox(shape)
      return box ? (box[2] - box[0]) * (box[3] - box[1]) : 0
    }
  }
}

export const toAnnotation = (row: AnnotationRow): Annotation => ({
  id: row.id,
  sampleId: row.sample_id,
  labelId: row.label_id,
  shape: unpackShape(row),
  flags: unpackFlags(row.flags),
  hidden: (row.flags & hiddenBit) !== 0,
  locked: (row.flags & lockedBit) !== 0,
  area: row.area,
  z: row.z,
  provenance: row.provenance,
  extra: row.extra === null ? null : (JSON.parse(row.extra) as Record<string, unknown>),
})

/** In drawing order: by z, then by age. */
export function listAnnotations(db: ReadDb, sampleId: number): Annotation[] {
  const text = 'SELECT * FROM visible_annotation WHERE sample_id = ? ORDER BY z, id'
  return sql<AnnotationRow>(db, text).all(sampleId).map(toAnnotation)
}

export function getAnnotation(db: ReadDb, id: number): Annotation | null {
  const row = sql<AnnotationRow>(db, 'SELECT * FROM visible_annotation WHERE id = ?').get(id)
  return row ? toAnnotation(row) : null
}
