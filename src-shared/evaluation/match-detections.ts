/**
 * COCO's matching (cocoeval.py evaluateImg) for all categories, images, areas and thresholds at once. The outcome of a
 * detection is two bit sets, bit t for IoU threshold t: true positive, and ignored.
 */
import { TagwrightError } from '../base/errors'
import type { Detections, GroundTruth } from './coco-columns'
import type { CocoParams } from './coco-params'
import { pairIou } from './pair-iou'
import { allRows, sortByKey, sortByScore } from './sort-rows'

export interface Matches {
  readonly params: CocoParams
  /** Number of categories evaluated: 1 when they are pooled. */
  readonly categories: number
  /** Detection rows by category, then descending score, then image order, then input order. */
  readonly order: Int32Array
  /** Category k owns `order[starts[k]]` up to `order[starts[k + 1] - 1]`. */
  readonly starts: Int32Array
  /** Position of each detection among those of its image and category, best score first. */
  readonly rank: Int32Array
  readonly score: Float64Array
  /** Per area range, per detection row: thresholds at which it is a true positive. */
  readonly hit: readonly Int32Array[]
  /** Per area range, per detection row: thresholds at which it counts neither way. */
  readonly ignored: readonly Int32Array[]
  /** Ground truths that count, at [area * categories + category]. */
  readonly positives: Int32Array
}

/** Matches every detection; rows beyond the largest `maxDetections` of their image and category take no part. */
export function matchDetections(gt: GroundTruth, dt: Detections, params: CocoParams): Matches {
  const { iouThresholds, areas } = params
  const thresholds = iouThresholds.length
  if (thresholds < 1 || thresholds > 31) {
    throw new TagwrightError('bad-evaluation', `There are ${thresholds} IoU thresholds; 1 to 31 are possible.`)
  }
  const images = gt.imageIds.length
  const categories = params.useCategories ? gt.categoryIds.length : 1
  const limit = params.maxDetections[params.maxDetections.length - 1]
  // Pooled categories keep the order of the categories inside an image, as cocoeval does.
  const byImage = (rows: Int32Array, column: Int32Array) => sortByKey(rows, column, images)
  const byCategory = (rows: Int32Array, column: Int32Array) => sortByKey(rows, column, gt.categoryIds.length)
  const pooled = !params.useCategories
  const gtRows = pooled
    ? byImage(byCategory(allRows(gt.length), gt.category), gt.image)
    : byCategory(byImage(allRows(gt.length), gt.image), gt.category)
  const inOrder = byImage(pooled ? byCategory(allRows(dt.length), dt.category) : allRows(dt.length), dt.image)
  const scored = sortByScore(inOrder, dt.score)
  const dtRows = pooled ? byImage(scored, dt.image) : byCategory(byImage(scored, dt.image), dt.category)
  const order = pooled ? scored : byCategory(scored, dt.category)
  const starts = new Int32Array(categories + 1)
  for (let i = 0; i < dt.length; i++) starts[(pooled ? 0 : dt.category[i]) + 1]++
  for (let k = 0; k < categories; k++) starts[k + 1] += starts[k]

  const rank = new Int32Array(dt.length)
  const hit = areas.map(() => new Int32Array(dt.length))
  const ignored = areas.map(() => new Int32Array(dt.length))
  const positives = new Int32Array(areas.length * categories)
  const group = groupMatcher(gt, dt, params, hit, ignored)

  // Both row lists are sorted by (category, image): walk them together, one group at a time.
  const categoryOfGt = (i: number) => (i < gtRows.length ? (pooled ? 0 : gt.category[gtRows[i]]) : Infinity)
  const categoryOfDt = (i: number) => (i < dtRows.length ? (pooled ? 0 : dt.category[dtRows[i]]) : Infinity)
  for (let g = 0, d = 0; g < gtRows.length || d < dtRows.length;) {
    const category = Math.min(categoryOfGt(g), categoryOfDt(d))
    let image = Infinity
    if (categoryOfGt(g) === category) image = gt.image[gtRows[g]]
    if (categoryOfDt(d) === category) image = Math.min(image, dt.image[dtRows[d]])
    const gStart = g
    const dStart = d
    while (categoryOfGt(g) === category && gt.image[gtRows[g]] === image) g++
    while (categoryOfDt(d) === category && dt.image[dtRows[d]] === image) {
      rank[dtRows[d]] = d - dStart
      d++
    }
    for (let a = 0; a < areas.length; a++) {
      const { low, high } = areas[a]
      for (let i = gStart; i < g; i++) {
        const row = gtRows[i]
        if (!gt.ignore[row] && gt.area[row] >= low && gt.area[row] <= high) positives[a * categories + category]++
      }
    }
    group(gtRows, gStart, g, dtRows, dStart, Math.min(d, dStart + limit))
  }
  return { params, categories, order, starts, rank, score: dt.score, hit, ignored, positives }
}

/** A function that matches one image and category; its scratch arrays grow to the largest group. */
function groupMatcher(
  gt: GroundTruth,
  dt: Detections,
  { iouThresholds, areas, ...rest }: CocoParams,
  hit: Int32Array[],
  ignored: Int32Array[],
) {
  const overlap = pairIou(gt, dt, { iouThresholds, areas, ...rest })
  const thresholds = iouThresholds.length
  const every = 2 ** thresholds - 1
  const needed = Float64Array.from(iouThresholds, (t) => Math.min(t, 1 - 1e-10))
  let ious = new Float64Array(256)
  let best = new Float64Array(64)
  let sorted = new Int32Array(64)
  let skip = new Uint8Array(64)
  let taken = new Uint8Array(64)

  const matchArea = (
    a: number,
    gCount: number,
    gtRows: Int32Array,
    gStart: number,
    row: Int32Array,
    d0: number,
    d1: number,
  ) => {
    const { low, high } = areas[a]
    // Ignored ground truth goes last; inside both halves the order stays.
    let regular = 0
    for (let i = 0; i < gCount; i++) {
      const g = gtRows[gStart + i]
      skip[i] = gt.ignore[g] || gt.area[g] < low || gt.area[g] > high ? 1 : 0
      if (!skip[i]) sorted[regular++] = i
    }
    for (let i = 0, at = regular; i < gCount; i++) if (skip[i]) sorted[at++] = i
    for (let t = 0; t < thresholds; t++) {
      taken.fill(0, 0, gCount)
      const bit = 1 << t
      for (let d = d0; d < d1; d++) {
        if (best[d - d0] < needed[t]) continue
        let iou = needed[t]
        let match = -1
        for (let s = 0; s < gCount; s++) {
          const i = sorted[s]
          if (taken[i] && !gt.crowd[gtRows[gStart + i]]) continue
          // A match with regular ground truth is never given up for an ignored one.
          if (match > -1 && s >= regular && !skip[match]) break
          const value = ious[(d - d0) * gCount + i]
          if (value < iou) continue
          iou = value
          match = i
        }
        if (match === -1) continue
        taken[match] = 1
        if (skip[match]) ignored[a][row[d]] |= bit
        // Compatibility: a match is remembered by the annotation's id, and id 0 reads as "no match".
        if (gt.id[gtRows[gStart + match]] !== 0) hit[a][row[d]] |= bit
      }
    }
  }

  return (gtRows: Int32Array, gStart: number, gEnd: number, dtRows: Int32Array, d0: number, d1: number): void => {
    const gCount = gEnd - gStart
    const dCount = d1 - d0
    if (gCount > sorted.length) {
      sorted = new Int32Array(gCount * 2)
      skip = new Uint8Array(gCount * 2)
      taken = new Uint8Array(gCount * 2)
    }
    if (dCount > best.length) best = new Float64Array(dCount * 2)
    if (gCount * dCount > ious.length) ious = new Float64Array(gCount * dCount * 2)
    let candidates = false
    for (let d = 0; d < dCount; d++) {
      let highest = 0
      for (let i = 0; i < gCount; i++) {
        const value = overlap(dtRows[d0 + d], gtRows[gStart + i])
        ious[d * gCount + i] = value
        // NaN passes every threshold, as it does in cocoeval's comparisons.
        if (!(value <= highest)) highest = Number.isNaN(value) ? Infinity : value
      }
      best[d] = highest
      if (highest >= needed[0]) candidates = true
    }
    for (let a = 0; a < areas.length; a++) {
      if (candidates) matchArea(a, gCount, gtRows, gStart, dtRows, d0, d1)
      for (let d = d0; d < d1; d++) {
        const row = dtRows[d]
        const area = dt.area[row]
        // Without a match, a detection outside the area range counts neither way.
        if (area < areas[a].low || area > areas[a].high) ignored[a][row] |= every & ~hit[a][row]
        hit[a][row] &= ~ignored[a][row]
      }
    }
  }
}
