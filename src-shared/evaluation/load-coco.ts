/** COCO JSON, as parsed, to columns: ground truth (`loadCoco`) and results (`loadRes` of pycocotools). */
import { TagwrightError } from '../base/errors'
import {
  detectionsBuilder,
  groundTruthBuilder,
  type Detections,
  type EvaluationWarning,
  type GroundTruth,
} from './coco-columns'
import type { IouType } from './coco-params'
import { maskArea, maskBox, rleFromString, type Rle } from './mask'
import { rasterizeBox, rasterizePolygons } from './rasterize-polygon'

type Row = Record<string, unknown>

/**
 * @param json a parsed COCO file: `images`, `annotations`, `categories`.
 * @param iouType what will be evaluated; masks are built only for `segm`, keypoints read only for `keypoints`.
 * Throws `bad-ground-truth` with the index of the row. Annotations of images or categories that the file does not list
 * are left out, as pycocotools does, with a warning.
 */
export function loadCocoGroundTruth(json: unknown, iouType: IouType = 'bbox'): GroundTruth {
  const file = isRow(json) ? json : {}
  for (const key of ['images', 'annotations', 'categories']) {
    if (!Array.isArray(file[key])) {
      throw fault(
        'ground-truth',
        `The ground truth has no list "${key}". Give a COCO file with images, annotations and categories.`,
      )
    }
  }
  const images = new Map<number, Row>()
  ;(file.images as unknown[]).forEach((image, i) => {
    if (!isRow(image) || !isNumber(image.id)) throw idFault('ground-truth', `images[${i}]`, 'id', image)
    images.set(image.id, image)
  })
  const names = new Map<number, string>()
  ;(file.categories as unknown[]).forEach((category, i) => {
    if (!isRow(category) || !isNumber(category.id)) throw idFault('ground-truth', `categories[${i}]`, 'id', category)
    names.set(category.id, typeof category.name === 'string' ? category.name : String(category.id))
  })
  const imageIds = Float64Array.from(images.keys()).sort()
  const categoryIds = Float64Array.from(names.keys()).sort()
  const imageIndex = indexOf(imageIds)
  const categoryIndex = indexOf(categoryIds)

  const annotations = file.annotations as unknown[]
  const lastOfId = new Map<number, number>()
  annotations.forEach((row, i) => {
    if (!isRow(row)) throw fault('ground-truth', `annotations[${i}] is not an object. Mend the row.`, i)
    for (const key of ['id', 'image_id', 'category_id']) {
      if (!isNumber(row[key])) throw idFault('ground-truth', `annotations[${i}]`, key, row)
    }
    lastOfId.set(row.id as number, i)
  })
  const keypointCount =
    iouType === 'keypoints' ? countKeypoints(annotations as Row[], 'ground-truth', 'annotations') : 0
  const builder = groundTruthBuilder({
    imageIds,
    categoryIds,
    categoryNames: Array.from(categoryIds, (id) => names.get(id)!),
    keypointCount,
  })
  const warnings: EvaluationWarning[] = []
  let noArea = 0
  let foreign = 0
  for (const i of annotationOrder(annotations as Row[], lastOfId, imageIndex, imageIds.length, warnings)) {
    const row = annotations[i] as Row
    const image = imageIndex.get(row.image_id as number)
    const category = categoryIndex.get(row.category_id as number)
    if (image === undefined || category === undefined) {
      foreign++
      continue
    }
    const where = `annotations[${i}]`
    const crowd = Boolean(row.iscrowd)
    const size = images.get(row.image_id as number)!
    const mask = iouType === 'segm' ? maskOf(row.segmentation, size, where, 'ground-truth', i) : undefined
    const keypoints = keypointCount > 0 ? ((row.keypoints as number[] | undefined) ?? []) : undefined
    const box = row.bbox === undefined && mask ? (maskBox(mask) as number[]) : boxOf(row.bbox, where, 'ground-truth', i)
    let area = row.area
    if (!isNumber(area)) {
      noArea++
      area = mask ? maskArea(mask) : box[2] * box[3]
    }
    const labelled = isNumber(row.num_keypoints) ? row.num_keypoints : countLabelled(keypoints ?? [])
    builder.add({
      image,
      category,
      id: row.id as number,
      box,
      area: area as number,
      crowd,
      ignore: iouType === 'keypoints' && labelled === 0,
      mask,
      keypoints: keypoints && padded(keypoints, keypointCount),
    })
  }
  if (noArea > 0) {
    warnings.push({
      code: 'no-area',
      message: `${noArea} annotations state no area; that of the ${iouType === 'segm' ? 'mask' : 'box'} is used.`,
    })
  }
  if (foreign > 0) {
    warnings.push({
      code: 'foreign-annotation',
      message: `${foreign} annotations belong to an image or category that the file does not list; they are left out.`,
    })
  }
  return builder.finish(warnings)
}

/**
 * Rows image by image, as pycocotools visits them. Annotations are looked up by id there, so when an id repeats, its
 * last row takes the place of every earlier one.
 */
function annotationOrder(
  rows: readonly Row[],
  lastOfId: ReadonlyMap<number, number>,
  imageIndex: ReadonlyMap<number, number>,
  images: number,
  warnings: EvaluationWarning[],
): Iterable<number> {
  const repeated = rows.length - lastOfId.size
  if (repeated === 0) return rows.keys()
  warnings.push({
    code: 'repeated-annotation-id',
    message: `${repeated} annotations repeat an id. As in pycocotools the last annotation of an id stands for all of them; give every annotation its own id.`,
  })
  const perImage = Array.from({ length: images }, (): number[] => [])
  rows.forEach((row, i) => {
    const image = imageIndex.get(row.image_id as number)
    if (image !== undefined) perImage[image].push(i)
  })
  return perImage.flat().map((i) => lastOfId.get(rows[i].id as number)!)
}

/**
 * @param json a parsed result file: a list of `{image_id, category_id, score, bbox | segmentation | keypoints}`.
 * Throws `bad-results` with the index of the row, `unknown-image` for an image that the ground truth does not list.
 * Results of categories that the ground truth does not list are left out, with a warning.
 */
export function loadCocoResults(
  json: unknown,
  gt: GroundTruth,
  iouType: IouType = 'bbox',
  images?: unknown,
): Detections {
  if (!Array.isArray(json)) {
    throw fault('results', 'The results are not a list. Give a JSON list of {image_id, category_id, bbox, score}.')
  }
  const rows = json as unknown[]
  const imageIndex = indexOf(gt.imageIds)
  const categoryIndex = indexOf(gt.categoryIds)
  const sizes = new Map<unknown, Row>()
  if (Array.isArray(images)) for (const image of images) if (isRow(image)) sizes.set(image.id, image)
  // Which field gives box and area is decided by the first row, as loadRes does.
  const first = isRow(rows[0]) ? rows[0] : {}
  const hasBox = first.bbox !== undefined && !(Array.isArray(first.bbox) && first.bbox.length === 0)
  const source = hasBox ? 'bbox' : first.segmentation !== undefined ? 'segmentation' : 'keypoints'
  const keypointCount = iouType === 'keypoints' ? countKeypoints(rows as Row[], 'results', 'Result') : 0
  const builder = detectionsBuilder({ capacity: rows.length, keypointCount })
  let foreign = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    const where = `Result ${i}`
    if (!isRow(row)) throw fault('results', `${where} is not an object. Mend the row.`, i)
    const image = imageIndex.get(row.image_id as number)
    if (image === undefined) {
      throw new TagwrightError(
        'unknown-image',
        `${where} is for image ${JSON.stringify(row.image_id)}, which the ground truth does not list. Use results and ground truth of one data set.`,
        { row: i, imageId: row.image_id },
      )
    }
    if (!isNumber(row.category_id)) throw idFault('results', where, 'category_id', row)
    if (!isNumber(row.score)) {
      throw fault('results', `${where} has the score ${JSON.stringify(row.score)}; a score is a finite number.`, i)
    }
    const category = categoryIndex.get(row.category_id)
    if (category === undefined) {
      foreign++
      continue
    }
    const points = (row.keypoints as number[] | undefined) ?? []
    let box: ArrayLike<number>
    let mask: Rle | undefined
    let area: number | undefined
    if (source === 'bbox') box = boxOf(row.bbox, where, 'results', i)
    else if (source === 'keypoints') box = keypointsBox(points, where, i)
    else {
      mask = maskOf(row.segmentation, sizes.get(row.image_id) ?? {}, where, 'results', i)
      area = maskArea(mask)
      box = row.bbox === undefined ? maskBox(mask) : boxOf(row.bbox, where, 'results', i)
    }
    if (iouType === 'segm' && !mask) {
      const size = sizes.get(row.image_id) ?? {}
      mask =
        row.segmentation === undefined
          ? rasterizeBox(box[0], box[1], box[2], box[3], ...imageSize(size, where, 'results', i))
          : maskOf(row.segmentation, size, where, 'results', i)
    }
    builder.add(image, category, row.score, box[0], box[1], box[2], box[3], area)
    if (mask && iouType === 'segm') builder.setMask(mask)
    if (keypointCount > 0) builder.setKeypoints(padded(points, keypointCount))
  }
  const warnings: EvaluationWarning[] = []
  if (foreign > 0) {
    warnings.push({
      code: 'foreign-category',
      message: `${foreign} results are of a category that the ground truth does not list; they are left out.`,
    })
  }
  return builder.finish(warnings)
}

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const indexOf = (ids: Float64Array) => new Map(Array.from(ids, (id, index) => [id, index]))

type Kind = 'ground-truth' | 'results'

const fault = (kind: Kind, message: string, row?: number): TagwrightError =>
  new TagwrightError(`bad-${kind}`, message, row === undefined ? undefined : { row })

function idFault(kind: Kind, where: string, key: string, row: unknown): TagwrightError {
  const value = isRow(row) ? JSON.stringify(row[key]) : JSON.stringify(row)
  return fault(kind, `${where} has the ${key} ${value}; it must be a number. Write ids as numbers, without quotes.`)
}

function boxOf(value: unknown, where: string, kind: Kind, row: number): number[] {
  if (Array.isArray(value) && value.length === 4 && value.every(isNumber)) return value as number[]
  throw fault(
    kind,
    `${where} has the bbox ${JSON.stringify(value) ?? 'missing'}; a box is four finite numbers [x, y, w, h].`,
    row,
  )
}

function imageSize(image: Row, where: string, kind: Kind, row: number): [height: number, width: number] {
  if (isNumber(image.height) && isNumber(image.width) && image.height > 0 && image.width > 0) {
    return [image.height, image.width]
  }
  throw fault(
    kind,
    `${where} needs the size of its image to draw a mask, and the image states no width and height.`,
    row,
  )
}

/** Reads `segmentation` in any of COCO's three forms: polygons, run lengths, compressed run lengths. */
function maskOf(value: unknown, image: Row, where: string, kind: Kind, row: number): Rle {
  if (Array.isArray(value) && value.length > 0 && value.every((ring) => Array.isArray(ring) && ring.every(isNumber))) {
    const rings = value as number[][]
    const [height, width] = imageSize(image, where, kind, row)
    // pycocotools reads lists of four numbers as boxes.
    if (rings.every((ring) => ring.length === 4)) {
      const boxes = rings.map(([x, y, w, h]) => [x, y, x, y + h, x + w, y + h, x + w, y])
      return rasterizePolygons(boxes, height, width)
    }
    if (rings.every((ring) => ring.length >= 6)) return rasterizePolygons(rings, height, width)
  }
  if (isRow(value) && Array.isArray(value.size) && value.size.length === 2 && value.size.every(isNumber)) {
    const [height, width] = value.size as [number, number]
    if (typeof value.counts === 'string') {
      try {
        return rleFromString(value.counts, height, width)
      } catch (error) {
        throw fault(kind, `${where}: ${(error as Error).message}`, row)
      }
    }
    if (Array.isArray(value.counts) && value.counts.every((run) => isNumber(run) && run >= 0)) {
      return { size: [height, width], counts: value.counts as number[] }
    }
  }
  throw fault(
    kind,
    `${where} has no readable segmentation. Give polygons of at least three points, or {size: [height, width], counts}.`,
    row,
  )
}

function countKeypoints(rows: readonly Row[], kind: Kind, where: string): number {
  let count = 0
  rows.forEach((row, i) => {
    const points = isRow(row) ? row.keypoints : undefined
    const at = where === 'Result' ? `Result ${i}` : `${where}[${i}]`
    if (points === undefined && kind === 'ground-truth') return
    if (!Array.isArray(points) || points.length % 3 !== 0 || !points.every(isNumber)) {
      throw fault(kind, `${at} has no readable keypoints; they are x, y, v for every point of the skeleton.`, i)
    }
    if (points.length === 0) return
    if (count > 0 && points.length !== count * 3) {
      throw fault(
        kind,
        `${at} has ${points.length / 3} keypoints, rows before it ${count}. Evaluate one skeleton at a time.`,
        i,
      )
    }
    count = points.length / 3
  })
  return count
}

function countLabelled(points: readonly number[]): number {
  let count = 0
  for (let i = 2; i < points.length; i += 3) if (points[i] > 0) count++
  return count
}

const padded = (points: readonly number[], count: number): ArrayLike<number> =>
  points.length === count * 3 ? points : new Float64Array(count * 3)

/** Box around all points, whatever their v, as loadRes. */
function keypointsBox(points: readonly number[], where: string, row: number): number[] {
  if (points.length === 0) {
    throw fault('results', `${where} has neither a bbox, a segmentation nor keypoints. Mend the row.`, row)
  }
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity]
  for (let i = 0; i < points.length; i += 3) {
    x1 = Math.min(x1, points[i])
    x2 = Math.max(x2, points[i])
    y1 = Math.min(y1, points[i + 1])
    y2 = Math.max(y2, points[i + 1])
  }
  return [x1, y1, x2 - x1, y2 - y1]
}
