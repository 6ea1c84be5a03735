/**
 * COCO's matching (cocoeval.py evaluateImg) for all categories, images, areas and thresholds at once. The outcome of a
 * detection is two bit sets, bit t for IoU threshold t: true positive, and ignored.
 */
import { TagwrightError } from '../base/errors'
import type { Detections, GroundTruth } from './coco-columns'
import type { CocoParams } from './coco-params'
import { pairIou } from './pair-iou'
import { allRows, sortByKey, sortByScore } from './sort-rows'

/**
 * Detections stand in *positions* here: by category, then descending score, then image order, then input order. That
 * is the order in which they are accumulated, so all that is read then lies side by side.
 */
export interface Matches {
  readonly params: CocoParams
  /** Number of categories evaluated: 1 when they are pooled. */
  readonly categories: number
  /** Detection row at each position. */
  readonly order: Int32Array
  /** Category k owns the positions from `starts[k]` up to, not including, `starts[k + 1]`. */
  readonly starts: Int32Array
  /** Per position: how many detections of the same image and category score higher (or are earlier among equals). */
  readonly rank: Int32Array
  /** Per position. */
  readonly score: Float64Array
  /** Per area range, per position: thresholds at which the detection is a true positive. */
  readonly hit: readonly Int32Array[]
  /** Per area range, per position: thresholds at which it counts neither way. */
  readonly ignored: readonly Int32Array[]
  /** Ground truths that count, at [area * categories + category]. */
  readonly positives: Int32Array
}

/** Matches every detection; rows beyond the largest `maxDetections` of their image and category take no part. */
export function matchDetections(gt: GroundTruth, dt: Detections, params: CocoParams): Matches {
  const { iouThresholds, areas, maxDetections, useCategories } = params
  const thresholds = iouThresholds.length
  if (thresholds < 1 || thresholds > 31) {
    throw new TagwrightError('bad-evaluation', `There are ${thresholds} IoU thresholds; 1 to 31 are possible.`)
  }
  const images = gt.imageIds.length
  const categories = useCategories ? gt.categoryIds.length : 1
  const byImage = (rows: Int32Array, column: Int32Array) => sortByKey(rows, column, images)
  const byCategory = (rows: Int32Array, column: Int32Array) => sortByKey(rows, column, gt.categoryIds.length)
  // Pooled categories keep the order of the categories inside an image, as cocoeval does.
  const inputOrder = (columns: GroundTruth | Detections) =>
    useCategories ? allRows(columns.length) : byCategory(allRows(columns.length), columns.category)
  const groupOrder = (rows: Int32Array, columns: GroundTruth | Detections) =>
    useCategories ? byCategory(byImage(rows, columns.image), columns.category) : byImage(rows, columns.image)
  const gtRows = groupOrder(inputOrder(gt), gt)
  const scored = sortByScore(byImage(inputOrder(dt), dt.image), dt.score)
  const dtRows = groupOrder(scored, dt)
  const order = useCategories ? byCategory(scored, dt.category) : scored

  const starts = new Int32Array(categories + 1)
  for (let i = 0; i < dt.length; i++) starts[(useCategories ? dt.category[i] : 0) + 1]++
  for (let k = 0; k < categories; k++) starts[k + 1] += starts[k]
  const matches: Matches = {
    params,
    categories,
    order,
    starts,
    rank: new Int32Array(dt.length),
    score: new Float64Array(dt.length),
    hit: areas.map(() => new Int32Array(dt.length)),
    ignored: areas.map(() => new Int32Array(dt.length)),
    positives: new Int32Array(areas.length * categories),
  }
  ignoreByArea(matches, dt)
  countPositives(matches, gt)

  const position = new Int32Array(dt.length)
  for (let at = 0; at < order.length; at++) {
    position[order[at]] = at
    matches.score[at] = dt.score[order[at]]
  }
  const matchGroup = groupMatcher(gt, dt, matches, position)
  const limit = maxDetections[maxDetections.length - 1]
  // Both lists are sorted by (category, image), one number here: walk them together, a group at a time.
  const groupsOf = (rows: Int32Array, columns: GroundTruth | Detections) => {
    const groups = new Float64Array(rows.length)
    const { image, category } = columns
    for (let i = 0; i < rows.length; i++) {
      groups[i] = (useCategories ? category[rows[i]] * images : 0) + image[rows[i]]
    }
    return groups
  }
  const dtGroups = groupsOf(dtRows, dt)
  const gtGroups = groupsOf(gtRows, gt)
  for (let d = 0, g = 0; d < dtRows.length;) {
    const group = dtGroups[d]
    const first = d
    for (; d < dtRows.length && dtGroups[d] === group; d++) matches.rank[position[dtRows[d]]] = d - first
    while (g < gtRows.length && gtGroups[g] < group) g++
    const gStart = g
    while (g < gtRows.length && gtGroups[g] === group) g++
    if (g > gStart) matchGroup(gtRows.subarray(gStart, g), dtRows.subarray(first, Math.min(d, first + limit)))
  }
  return matches
}

/** Without a match, a detection outside the area range counts neither way. */
function ignoreByArea({ params, order, ignored }: Matches, dt: Detections): void {
  const every = 2 ** params.iouThresholds.length - 1
  for (let at = 0; at < order.length; at++) {
    const area = dt.area[order[at]]
    for (let a = 0; a < ignored.length; a++) {
      if (area < params.areas[a].low || area > params.areas[a].high) ignored[a][at] = every
    }
  }
}

function countPositives({ params, positives, categories }: Matches, gt: GroundTruth): void {
  params.areas.forEach(({ low, high }, a) => {
    for (let g = 0; g < gt.length; g++) {
      const category = params.useCategories ? gt.category[g] : 0
      if (!gt.ignore[g] && gt.area[g] >= low && gt.area[g] <= high) positives[a * categories + category]++
    }
  })
}

/** A function that matches one image and category; its scratch arrays grow to the largest group. */
function groupMatcher(gt: GroundTruth, dt: Detections, { params, hit, ignored }: Matches, position: Int32Array) {
  const { areas } = params
  const overlap = pairIou(gt, dt, params)
  const thresholds = params.iouThresholds.length
  const needed = Float64Array.from(params.iouThresholds, (t) => Math.min(t, 1 - 1e-10))
  const lowest = needed.reduce((a, b) => Math.min(a, b))
  let ious = new Float64Array(256)
  let best = new Float64Array(64)
  let candidates = new Int32Array(64)
  let sorted = new Int32Array(64)
  let skip = new Uint8Array(64)
  let taken = new Uint8Array(64)

  return (truths: Int32Array, rows: Int32Array): void => {
    const gCount = truths.length
    if (gCount > sorted.length) {
      sorted = new Int32Array(gCount * 2)
      skip = new Uint8Array(gCount * 2)
      taken = new Uint8Array(gCount * 2)
    }
    if (rows.length > best.length) {
      best = new Float64Array(rows.length * 2)
      candidates = new Int32Array(rows.length * 2)
    }
    if (gCount * rows.length > ious.length) ious = new Float64Array(gCount * rows.length * 2)
    // Only detections that reach some threshold with some ground truth are looked at further.
    let count = 0
    for (let i = 0; i < rows.length; i++) {
      let highest = 0
      for (let g = 0; g < gCount; g++) {
        const value = overlap(rows[i], truths[g])
        ious[count * gCount + g] = value
        // NaN passes every threshold, as it does in cocoeval's comparisons.
        if (!(value <= highest)) highest = Number.isNaN(value) ? Infinity : value
      }
      if (highest < lowest) continue
      best[count] = highest
      candidates[count++] = rows[i]
    }
    if (count === 0) return
    // The pairs depend on the area only through what it ignores. Where an area ignores nothing, or everything, of a
    // group, they are those of the first area, if that ignored nothing: most groups are matched once, not four times.
    let known = false
    for (let a = 0; a < areas.length; a++) {
      const regular = orderTruths(a, truths)
      if (known && (regular === gCount || regular === 0)) {
        copyMatches(a, regular > 0, count)
        continue
      }
      matchArea(a, truths, regular, count)
      if (a === 0) known = regular === gCount && !hasZeroId(truths)
    }
  }

  /** Ignored ground truth goes last; inside both halves the order stays. Returns how many are not ignored. */
  function orderTruths(a: number, truths: Int32Array): number {
    const { low, high } = areas[a]
    let regular = 0
    for (let i = 0; i < truths.length; i++) {
      const area = gt.area[truths[i]]
      skip[i] = gt.ignore[truths[i]] || area < low || area > high ? 1 : 0
      if (!skip[i]) sorted[regular++] = i
    }
    for (let i = 0, at = regular; i < truths.length; i++) if (skip[i]) sorted[at++] = i
    return regular
  }

  function hasZeroId(truths: Int32Array): boolean {
    for (let i = 0; i < truths.length; i++) if (gt.id[truths[i]] === 0) return true
    return false
  }

  function copyMatches(a: number, counts: boolean, count: number): void {
    for (let c = 0; c < count; c++) {
      const at = position[candidates[c]]
      if (counts) {
        hit[a][at] = hit[0][at]
        ignored[a][at] &= ~hit[0][at]
      } else ignored[a][at] |= hit[0][at]
    }
  }

  function matchArea(a: number, truths: Int32Array, regular: number, count: number): void {
    const gCount = truths.length
    for (let t = 0; t < thresholds; t++) {
      taken.fill(0, 0, gCount)
      const bit = 1 << t
      for (let c = 0; c < count; c++) {
        if (best[c] < needed[t]) continue
        let iou = needed[t]
        let match = -1
        for (let s = 0; s < gCount; s++) {
          const i = sorted[s]
          if (taken[i] && !gt.crowd[truths[i]]) continue
          // A match with regular ground truth is never given up for an ignored one.
          if (match > -1 && s >= regular && !skip[match]) break
          const value = ious[c * gCount + i]
          if (value < iou) continue
          iou = value
          match = i
        }
        if (match === -1) continue
        taken[match] = 1
        const at = position[candidates[c]]
        // Compatibility: a match is remembered by the annotation's id, and id 0 reads as "no match".
        if (skip[match]) ignored[a][at] |= bit
        else if (gt.id[truths[match]] !== 0) {
          hit[a][at] |= bit
          ignored[a][at] &= ~bit
        }
      }
    }
  }
}
