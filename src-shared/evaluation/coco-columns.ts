/**
 * Ground truth and detections as columns of typed arrays: a row is an index, never an object, so half a million
 * detections cost some 30 MB. `image` and `category` are positions in `imageIds` and `categoryIds`.
 */
import type { Rle } from './mask'

export interface EvaluationWarning {
  /** Stable kebab-case code. */
  code: string
  message: string
}

export interface GroundTruth {
  /** Image ids in ascending order: the order in which equal scores count. */
  readonly imageIds: Float64Array
  /** Category ids in ascending order. */
  readonly categoryIds: Float64Array
  readonly categoryNames: readonly string[]
  readonly length: number
  readonly image: Int32Array
  readonly category: Int32Array
  /** Annotation ids. Matching is by id: the id 0 counts as "not matched", as in pycocotools. */
  readonly id: Float64Array
  /** `[x, y, w, h]` per row, pixels. */
  readonly box: Float64Array
  /** Pixels squared, the annotation's own `area` (that of the outline in COCO, also when boxes are evaluated). */
  readonly area: Float64Array
  readonly crowd: Uint8Array
  /** Neither found nor missed counts: crowds, and for keypoints rows without a labelled point. */
  readonly ignore: Uint8Array
  /** Per row, when masks are evaluated. */
  readonly masks: readonly Rle[] | null
  /** `x, y, v` per point, `keypointCount` points per row, when keypoints are evaluated. */
  readonly keypoints: Float64Array | null
  readonly keypointCount: number
  readonly warnings: readonly EvaluationWarning[]
}

export interface Detections {
  readonly length: number
  readonly image: Int32Array
  readonly category: Int32Array
  readonly score: Float64Array
  /** `[x, y, w, h]` per row, pixels. */
  readonly box: Float64Array
  /** Pixels squared; decides which area range a detection without a match belongs to. */
  readonly area: Float64Array
  readonly masks: readonly Rle[] | null
  readonly keypoints: Float64Array | null
  readonly keypointCount: number
  readonly warnings: readonly EvaluationWarning[]
}

type Growing = Int32Array | Float64Array | Uint8Array

/** Copies into a new array of `length` values. */
function resized<A extends Growing>(array: A, length: number): A {
  const next = new (array.constructor as new (n: number) => A)(length)
  next.set(array.length > length ? array.subarray(0, length) : array)
  return next
}

export interface DetectionsBuilder {
  /** Rows so far. */
  readonly length: number
  /** Adds a row and returns its index. `image` and `category` are positions, not ids. */
  add(image: number, category: number, score: number, x: number, y: number, w: number, h: number, area?: number): number
  /** For the row added last. */
  setMask(mask: Rle): void
  /** For the row added last: `x, y, v` (v is not read) per point. */
  setKeypoints(values: ArrayLike<number>): void
  finish(warnings?: EvaluationWarning[]): Detections
}

/** Collects detections as they come; memory grows by doubling. */
export function detectionsBuilder(options: { capacity?: number; keypointCount?: number } = {}): DetectionsBuilder {
  let capacity = Math.max(16, options.capacity ?? 1024)
  const width = (options.keypointCount ?? 0) * 3
  let length = 0
  let image = new Int32Array(capacity)
  let category = new Int32Array(capacity)
  let score = new Float64Array(capacity)
  let box = new Float64Array(capacity * 4)
  let area = new Float64Array(capacity)
  let keypoints = new Float64Array(capacity * width)
  let masks: Rle[] | null = null
  const grow = (next: number) => {
    capacity = next
    image = resized(image, capacity)
    category = resized(category, capacity)
    score = resized(score, capacity)
    box = resized(box, capacity * 4)
    area = resized(area, capacity)
    keypoints = resized(keypoints, capacity * width)
  }
  return {
    get length() {
      return length
    },
    add(imageAt, categoryAt, value, x, y, w, h, size = w * h) {
      if (length === capacity) grow(capacity * 2)
      image[length] = imageAt
      category[length] = categoryAt
      score[length] = value
      box[4 * length] = x
      box[4 * length + 1] = y
      box[4 * length + 2] = w
      box[4 * length + 3] = h
      area[length] = size
      return length++
    },
    setMask(mask) {
      masks ??= []
      masks[length - 1] = mask
    },
    setKeypoints(values) {
      for (let i = 0; i < width; i++) keypoints[(length - 1) * width + i] = values[i]
    },
    finish(warnings = []) {
      if (capacity !== length) grow(length)
      return {
        length,
        image,
        category,
        score,
        box,
        area,
        masks,
        keypoints: width > 0 ? keypoints : null,
        keypointCount: width / 3,
        warnings,
      }
    },
  }
}

export interface GroundTruthBuilder {
  readonly length: number
  add(row: {
    image: number
    category: number
    id: number
    box: readonly [x: number, y: number, w: number, h: number] | number[]
    area: number
    /** A crowd is always ignored, and may be met by any number of detections. */
    crowd: boolean
    ignore?: boolean
    mask?: Rle
    keypoints?: ArrayLike<number>
  }): void
  finish(warnings?: EvaluationWarning[]): GroundTruth
}

/** Collects ground truth; ids must be ascending. */
export function groundTruthBuilder(options: {
  imageIds: Float64Array
  categoryIds: Float64Array
  categoryNames: readonly string[]
  keypointCount?: number
}): GroundTruthBuilder {
  const { imageIds, categoryIds, categoryNames, keypointCount = 0 } = options
  const rows = detectionsBuilder({ keypointCount })
  const ids: number[] = []
  const crowds: number[] = []
  const ignores: number[] = []
  return {
    get length() {
      return rows.length
    },
    add({ image, category, id, box, area, crowd, ignore = false, mask, keypoints }) {
      rows.add(image, category, 0, box[0], box[1], box[2], box[3], area)
      if (mask) rows.setMask(mask)
      if (keypoints) rows.setKeypoints(keypoints)
      ids.push(id)
      crowds.push(crowd ? 1 : 0)
      ignores.push(crowd || ignore ? 1 : 0)
    },
    finish(warnings = []) {
      const { score: _none, ...columns } = rows.finish(warnings)
      return {
        ...columns,
        imageIds,
        categoryIds,
        categoryNames,
        id: Float64Array.from(ids),
        crowd: Uint8Array.from(crowds),
        ignore: Uint8Array.from(ignores),
      }
    },
  }
}
