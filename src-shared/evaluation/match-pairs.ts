/** COCO's matching at one IoU, all areas, that also says who belongs to whom: what stands behind a count. */
import type { Detections, GroundTruth } from './coco-columns'
import { cocoParams } from './coco-params'
import { pairIou } from './pair-iou'
import { allRows, sortByKey, sortByScore } from './sort-rows'

export interface MatchedPairs {
  /** Per detection row: its ground-truth row, or one of {@link pairCodes}. */
  truth: Int32Array
  /** Per ground-truth row: the detection that found it, -1 for none. Crowds have the last of theirs. */
  detection: Int32Array
}
/** none: a false positive. unseen: beyond the limit of detections of its image and class. */
export const pairCodes = { none: -1, unseen: -2 } as const

/** The pairs behind the bits of matchDetections (`bbox`, first area range): cocoeval.py evaluateImg. */
export function matchPairs(
  gt: GroundTruth,
  dt: Detections,
  { iou = 0.5, maxDetections = 100 }: { iou?: number; maxDetections?: number } = {},
): MatchedPairs {
  const truth = new Int32Array(dt.length).fill(pairCodes.unseen)
  const detection = new Int32Array(gt.length).fill(-1)
  const overlap = pairIou(gt, dt, cocoParams('bbox'))
  // As in the parameters: .9 is .8999999999999999 there.
  const threshold = cocoParams('bbox').iouThresholds.find((value) => Math.abs(value - iou) < 1e-9) ?? iou
  const needed = Math.min(threshold, 1 - 1e-10)
  const groups = (rows: Int32Array, columns: GroundTruth | Detections) =>
    sortByKey(sortByKey(rows, columns.image, gt.imageIds.length), columns.category, gt.categoryIds.length)
  const truths = groups(allRows(gt.length), gt)
  const rows = groups(sortByScore(sortByKey(allRows(dt.length), dt.image, gt.imageIds.length), dt.score), dt)
  const key = (columns: GroundTruth | Detections, row: number) =>
    columns.category[row] * gt.imageIds.length + columns.image[row]
  for (let d = 0, g = 0; d < rows.length;) {
    const group = key(dt, rows[d])
    const first = d
    while (d < rows.length && key(dt, rows[d]) === group) d++
    while (g < truths.length && key(gt, truths[g]) < group) g++
    const start = g
    while (g < truths.length && key(gt, truths[g]) === group) g++
    const all = Array.from(truths.subarray(start, g))
    // Ignored ground truth goes last; inside both halves the order stays.
    const order = [...all.filter((row) => !gt.ignore[row]), ...all.filter((row) => gt.ignore[row])]
    for (const row of rows.subarray(first, Math.min(d, first + maxDetections))) {
      let best = needed
      let match: number = pairCodes.none
      for (const candidate of order) {
        if (detection[candidate] >= 0 && !gt.crowd[candidate]) continue
        // A match with regular ground truth is never given up for an ignored one.
        if (match >= 0 && !gt.ignore[match] && gt.ignore[candidate]) break
        const value = overlap(row, candidate)
        if (value < best) continue
        best = value
        match = candidate
      }
      truth[row] = match
      if (match >= 0) detection[match] = row
    }
  }
  return { truth, detection }
}
