/** Table `annotation`: rows and what they mean. */
import type { Flags, Shape } from '@shared/domain/annotation'
import type { Attributes } from '@shared/domain/attribute'
import { ringArea, type Ring } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import { sql, tupleSql, type ReadDb } from './db'
import { hiddenBit, lockedBit, unpackFlags, unpackShape } from './pack-shape'
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
  /** Own key/values: `extra.attributes` of the row. */
  attributes: Attributes
  /** The rest of the row's `extra`: what the imported file said beside, under its format's id. */
  extra: Record<string, unknown> | null
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

/** The column `extra` of what the file said and the own attributes. */
export function packExtra(extra: Record<string, unknown> | null, attributes: Attributes): string | null {
  const { attributes: _, ...rest } = extra ?? {}
  const all = Object.keys(attributes).length > 0 ? { ...rest, attributes } : rest
  return Object.keys(all).length > 0 ? JSON.stringify(all) : null
}

export function unpackExtra(text: string | null): Pick<Annotation, 'attributes' | 'extra'> {
  if (text === null) return { attributes: {}, extra: null }
  const { attributes = {}, ...rest } = JSON.parse(text) as { attributes?: Attributes }
  return { attributes, extra: Object.keys(rest).length > 0 ? rest : null }
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
  ...unpackExtra(row.extra),
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

export interface SampleBoxes {
  sample: number
  /** All annotations, also those without a box. */
  total: number
  /** `[label id, x1, y1, x2, y2]`, the largest first. */
  boxes: [number, number, number, number, number][]
  /** Points (x, y, v) of those that are poses, at most `limit`. */
  poses: { label: number; points: Extract<Shape, { kind: 'keypoints' }>['keypoints'] }[]
  /** Label ids of what is told of the whole image, each once. */
  tags: number[]
}

/**
 * Boxes of many samples, in the order asked: what thumbnails show. Read from an index that holds no outlines. Hidden
 * objects and those without a box are left out.
 * @param limit boxes per sample
 */
export function listBoxes(db: ReadDb, samples: readonly number[], limit: number): SampleBoxes[] {
  const out = new Map(
    samples.map((sample): [number, SampleBoxes] => [sample, { sample, total: 0, boxes: [], poses: [], tags: [] }]),
  )
  type Row = [sample: number, label: number, x1: number | null, y1: number, x2: number, y2: number, flags: number, tag: number, pose: string | null] // prettier-ignore
  const rows = tupleSql<Row>(
    db,
    `SELECT sample_id, label_id, x1, y1, x2, y2, flags, kind = 'tag', CASE kind WHEN 'keypoints' THEN shape END
     FROM visible_annotation
     WHERE sample_id IN (SELECT value FROM json_each(?))`,
  )
  for (const [sample, label, x1, y1, x2, y2, flags, tag, pose] of rows.iterate(JSON.stringify(samples))) {
    const entry = out.get(sample)!
    entry.total++
    if ((flags & hiddenBit) !== 0) continue
    if (tag === 1 && !entry.tags.includes(label)) entry.tags.push(label)
    if (x1 === null) continue
    entry.boxes.push([label, x1, y1, x2, y2])
    const shape = pose === null || entry.poses.length === limit ? null : (JSON.parse(pose) as Shape)
    if (shape?.kind === 'keypoints') entry.poses.push({ label, points: shape.keypoints })
  }
  const area = ([, x1, y1, x2, y2]: SampleBoxes['boxes'][number]) => (x2 - x1) * (y2 - y1)
  for (const entry of out.values()) {
    entry.boxes.sort((a, b) => area(b) - area(a))
    if (entry.boxes.length > limit) entry.boxes.length = limit
  }
  return [...out.values()]
}
