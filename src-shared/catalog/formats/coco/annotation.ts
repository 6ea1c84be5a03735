/** One COCO annotation row to a shape and back. COCO boxes are [x, y, w, h], rings are flat, skeleton indices 1-based. */
import type { Flags, Shape } from '../../../domain/annotation'
import { attributesSchema, type Attributes } from '../../../domain/attribute'
import type { DatasetAnnotation, DatasetIssue, ShapeText } from '../../../domain/dataset'
import { ringArea, type Box } from '../../../domain/geometry'
import { rotatedBoxCorners, shapeBox } from '../../../domain/shape-box'
import { maskArea, rleFromString, rleToString } from '../../../evaluation/mask'
import { Outline } from './outline'
import { gatherPoints, splitWholeBody } from './points'

export type Row = Record<string, unknown>
type Warn = (code: string, message: string) => void

/** `extra.coco` of an annotation: its id, and the fields that are not interpreted. */
export interface CocoAnnotationExtra extends Row {
  id?: number
}

/** Boxes that differ by less are the outline's own bounds, rounded. */
const sameBox = 1e-6

/**
 * The shape, or the reason why there is none; `kept` goes over the fields that are not interpreted.
 * @param named points of the category's skeleton; 0: it has none.
 */
export function readShape(
  row: Row,
  size: { width?: number; height?: number },
  warn: Warn,
  named = 0,
): { shape: Shape | ShapeText; kept?: Row } | { code: string; problem: string } {
  const box = readBox(row.bbox, warn)
  if (box === null)
    return {
      code: 'bad-box',
      problem: `The bbox ${brief(row.bbox)} is not four numbers [x, y, width, height]; the annotation is skipped. Correct it.`,
    }
  const points = gatherPoints(row, named)
  if (points) {
    const { values } = points
    const count = Math.max(named, values.length / 3)
    if (values.length % 3 !== 0) {
      return {
        code: 'bad-keypoints',
        problem: `The keypoints have ${values.length} numbers; they are x, y, v for each point. The annotation is skipped; correct it.`,
      }
    }
    if (named > 0 && count > named) {
      return {
        code: 'bad-keypoints',
        problem: `The annotation has ${count} keypoints, its category ${named}; it is skipped. Correct one of the two.`,
      }
    }
    const keypoints = readKeypoints(values, warn)
    while (keypoints.length < count) keypoints.push([0, 0, 0])
    const shape: Shape = { kind: 'keypoints', keypoints, ...(box ? { box } : {}) }
    const outline = row.segmentation instanceof Outline ? row.segmentation.toLists() : row.segmentation
    const hasOutline = Array.isArray(outline) ? outline.length > 0 : outline !== undefined && outline !== null
    return {
      shape,
      kept: {
        ...(hasOutline ? { segmentation: outline } : {}),
        ...(points.wholeBody ? { wholeBody: true } : {}),
        ...Object.fromEntries(points.used.map((field) => [field, undefined])),
      },
    }
  }
  if (row.segmentation instanceof Outline) {
    const { bounds } = row.segmentation
    const own = box && differs(box, bounds) ? box : undefined
    return { shape: { kind: 'polygon', json: row.segmentation.toJson(own), box: own ?? bounds } }
  }
  const outlined = readSegmentation(row.segmentation, size, warn)
  if (outlined) {
    const bounds = shapeBox(outlined.shape)
    if (box && bounds && differs(box, bounds)) Object.assign(outlined.shape, { box })
    return outlined
  }
  if (!box)
    return {
      code: 'no-box',
      problem: 'The annotation has neither a bbox nor a segmentation nor keypoints and is skipped.',
    }
  return { shape: { kind: 'box', box } }
}

const differs = (a: Box, b: Box): boolean => a.some((value, i) => Math.abs(value - b[i]) > sameBox)

/** undefined: none stated; null: not a box. */
function readBox(value: unknown, warn: Warn): [number, number, number, number] | undefined | null {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return undefined
  if (!Array.isArray(value) || value.length !== 4 || !value.every((n) => typeof n === 'number' && Number.isFinite(n)))
    return null
  const [x, y, w, h] = value as [number, number, number, number]
  if (w >= 0 && h >= 0) return [x, y, x + w, y + h]
  warn('negative-size', `The bbox ${brief(value)} has a negative width or height; its corners are swapped.`)
  return [Math.min(x, x + w), Math.min(y, y + h), Math.max(x, x + w), Math.max(y, y + h)]
}

function readKeypoints(values: unknown[], warn: Warn): [number, number, 0 | 1 | 2][] {
  const points: [number, number, 0 | 1 | 2][] = []
  let odd: unknown
  for (let i = 0; i < values.length; i += 3) {
    const [x, y, v] = [values[i], values[i + 1], values[i + 2]]
    if (typeof x !== 'number' || typeof y !== 'number' || !Number.isFinite(x) || !Number.isFinite(y))
      points.push([0, 0, 0])
    else {
      if (v !== 0 && v !== 1 && v !== 2) odd = v
      points.push([x, y, typeof v === 'number' && v > 0 ? (v === 1 ? 1 : 2) : 0])
    }
  }
  if (odd !== undefined)
    warn(
      'odd-visibility',
      `A keypoint has the visibility ${brief(odd)}; 0, 1 and 2 are known. Above 0 it is read as visible.`,
    )
  return points
}

function readSegmentation(
  value: unknown,
  { width, height }: { width?: number; height?: number },
  warn: Warn,
): { shape: Shape; kept?: Row } | null {
  if (Array.isArray(value)) {
    // Some tools write one ring without the list around it.
    const lists = (typeof value[0] === 'number' ? [value] : value) as unknown[]
    const rings: [number, number][][] = []
    for (const list of lists) {
      if (!Array.isArray(list) || list.length < 6 || list.length % 2 === 1 || !list.every((n) => Number.isFinite(n))) {
        warn(
          'bad-ring',
          `A ring of the segmentation has ${Array.isArray(list) ? list.length : 'no'} numbers; at least three points of x and y are needed. The ring is left out.`,
        )
        continue
      }
      const ring: [number, number][] = new Array(list.length / 2)
      for (let i = 0; i < ring.length; i++) ring[i] = [list[2 * i] as number, list[2 * i + 1] as number]
      rings.push(ring)
    }
    return rings.length ? { shape: { kind: 'polygon', rings } } : null
  }
  if (value === null || typeof value !== 'object') return null
  const { counts, size } = value as { counts?: unknown; size?: unknown }
  if (!Array.isArray(size) || size.length !== 2 || !size.every((n) => Number.isInteger(n) && (n as number) > 0)) {
    warn('bad-mask', 'The mask states no size [height, width]; it is left out.')
    return null
  }
  const [h, w] = size as [number, number]
  const sizeDiffers = () => {
    if (width && height && (w !== width || h !== height)) {
      warn(
        'mask-size',
        `The mask is ${w} x ${h}, but its image ${width} x ${height}; it is kept as it is. Check that it belongs to this image.`,
      )
    }
  }
  if (typeof counts === 'string') {
    try {
      const mask = { size: [h, w] as [number, number], counts: Array.from(rleFromString(counts, h, w).counts) }
      sizeDiffers()
      return {
        shape: { kind: 'mask', mask },
        kept: { rle: 'compressed' },
      }
    } catch (error) {
      warn('bad-mask', error instanceof Error ? error.message : String(error))
      return null
    }
  }
  const total = Array.isArray(counts)
    ? counts.reduce(
        (sum: number, n: unknown) => sum + (Number.isInteger(n) && (n as number) >= 0 ? (n as number) : NaN),
        0,
      )
    : NaN
  if (total !== w * h) {
    warn(
      'bad-mask',
      `The runs of the mask add up to ${Number.isNaN(total) ? 'nothing' : total} pixels, not ${w} x ${h}; it is left out.`,
    )
    return null
  }
  sizeDiffers()
  return { shape: { kind: 'mask', mask: { size: [h, w], counts: counts as number[] } } }
}

/** The row to write; null when COCO has no place for the shape. */
export function toRow(
  { shape, flags, area, extra }: DatasetAnnotation,
  ids: { id: number; image: number; category: number },
  report: (issue: Pick<DatasetIssue, 'level' | 'code' | 'message'>) => void,
): Row | null {
  const box = shapeBox(shape)
  if (shape.kind === 'tag' || (!box && shape.kind !== 'keypoints')) {
    report({
      level: 'skipped',
      code: 'unsupported-shape',
      message: `${shape.kind === 'tag' ? 'An image tag' : `An empty ${shape.kind}`} has no place in COCO and is not written.`,
    })
    return null
  }
  if (shape.kind === 'rotated-box') {
    report({
      level: 'warning',
      code: 'rotated-as-polygon',
      message: 'COCO has no rotated boxes: they are written as polygons of 4 points.',
    })
  }
  const { id: _id, rle, segmentation: kept, wholeBody, ...rest } = (extra?.coco ?? {}) as CocoAnnotationExtra
  const row: Row = { id: ids.id, image_id: ids.image, category_id: ids.category, segmentation: [] }
  if (shape.kind === 'polygon') row.segmentation = shape.rings.map((ring) => ring.flat())
  else if (shape.kind === 'rotated-box') row.segmentation = [rotatedBoxCorners(shape.rotatedBox).flat()]
  else if (shape.kind === 'mask')
    row.segmentation = { counts: rle ? rleToString(shape.mask) : shape.mask.counts, size: shape.mask.size }
  else if (shape.kind === 'keypoints' && kept !== undefined) row.segmentation = kept
  row.area = area ?? shapeArea(shape, box)
  if (box) row.bbox = toWidthHeight(box, shape.kind === 'polygon' && !shape.box)
  row.iscrowd = flags?.crowd ? 1 : 0
  if (shape.kind === 'keypoints') {
    const values = shape.keypoints.flat()
    Object.assign(row, wholeBody ? splitWholeBody(values) : { keypoints: values })
    row.num_keypoints = shape.keypoints.filter(([, , v]) => v > 0).length
  }
  for (const flag of flagNames) if (flags?.[flag]) row[flag] = true
  const attributes = plainAttributes(extra?.attributes)
  return Object.assign(row, rest, attributes ? { attributes } : {})
}

export const flagNames = ['difficult', 'truncated', 'occluded'] as const

/** Flags, own attributes (plain values under `attributes`, as CVAT writes them), and the fields that are not interpreted. */
export function readExtras(row: Row): {
  flags?: Partial<Flags>
  extra: { coco: CocoAnnotationExtra; attributes?: Attributes }
} {
  const {
    image_id: _i,
    category_id: _c,
    bbox: _b,
    segmentation: _s,
    area: _a,
    iscrowd,
    keypoints: _k,
    num_keypoints: _n,
    ...rest
  } = row
  let flags: Partial<Flags> | undefined
  if (iscrowd === 1 || iscrowd === true) flags = { crowd: true }
  for (const flag of flagNames) {
    if (rest[flag] === true || rest[flag] === 1) {
      flags = { ...flags, [flag]: true }
      delete rest[flag]
    }
  }
  const attributes = plainAttributes(rest.attributes)
  if (attributes) delete rest.attributes
  return { ...(flags ? { flags } : {}), extra: { coco: rest, ...(attributes ? { attributes } : {}) } }
}

/** Most rows have none: they are not worth a parse. */
function plainAttributes(value: unknown): Attributes | null {
  if (value === undefined) return null
  const attributes = attributesSchema.safeParse(value).data
  return attributes && Object.keys(attributes).length > 0 ? attributes : null
}

function shapeArea(shape: Shape, box: Box | null): number {
  if (shape.kind === 'polygon') return shape.rings.reduce((sum, ring) => sum + Math.abs(ringArea(ring)), 0)
  if (shape.kind === 'mask') return maskArea(shape.mask)
  if (shape.kind === 'rotated-box') return shape.rotatedBox[2] * shape.rotatedBox[3]
  return box ? (box[2] - box[0]) * (box[3] - box[1]) : 0
}

/**
 * [x, y, w, h] with the fewest decimals such that x + w and y + h give the same corner again. `derived`: the box is the
 * bounds of an outline, which may miss the sum of the file by a rounding; then the file's decimals win over the last bits.
 */
export function toWidthHeight([x1, y1, x2, y2]: Box, derived = false): [number, number, number, number] {
  return [x1, y1, shortest(x1, x2, derived), shortest(y1, y2, derived)]
}

function shortest(from: number, to: number, derived: boolean): number {
  const exact = to - from
  const slack = derived ? 4 * Number.EPSILON * Math.max(1, Math.abs(to)) : 0
  for (let digits = 0; digits <= 14; digits++) {
    const rounded = Number(exact.toFixed(digits))
    if (Math.abs(from + rounded - to) <= slack) return rounded
  }
  return exact
}

const brief = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}
