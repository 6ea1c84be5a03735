/** Average precision as Pascal VOC defines it (development kit, VOCevaldet): one IoU, one number per class. */
import type { Detections, GroundTruth } from './coco-columns'
import { cocoParams } from './coco-params'
import { pairIou } from './pair-iou'
import { allRows, sortByKey, sortByScore } from './sort-rows'

export interface VocScores {
  iou: number
  method: VocMethod
  /** null without ground truth. */
  perClass: { label: string; groundTruths: number; ap: number | null }[]
  /** Mean over classes with ground truth; null without any. */
  map: number | null
}

/** VOC 2010 and later integrate the whole curve; VOC 2007 averages the precision at recalls 0, .1, ... 1. */
export type VocMethod = 'all-point' | '11-point'

/**
 * A detection belongs to the ground truth of its class that it overlaps most, taken or not; it is right when that IoU
 * is at least `iou` and nobody better took it. Boxes are continuous: VOC's inclusive corners have become w + 1, h + 1. Rows with `ignore` are VOC's difficult objects: they count neither way.
 */
export function vocScores(
  gt: GroundTruth,
  dt: Detections,
  { iou = 0.5, method = 'all-point' }: { iou?: number; method?: VocMethod } = {},
): VocScores {
  const overlap = pairIou(gt, dt, cocoParams('bbox'))
  const images = gt.imageIds.length
  const truths = sortByKey(allRows(gt.length), gt.image, images)
  const starts = new Int32Array(images + 1)
  for (let g = 0; g < gt.length; g++) starts[gt.image[g] + 1]++
  for (let i = 0; i < images; i++) starts[i + 1] += starts[i]
  const taken = new Uint8Array(gt.length)
  const outcomes = Array.from(gt.categoryIds, (): boolean[] => [])
  for (const d of sortByScore(sortByKey(allRows(dt.length), dt.image, images), dt.score)) {
    let best = -1
    let highest = 0
    for (let i = starts[dt.image[d]]; i < starts[dt.image[d] + 1]; i++) {
      if (gt.category[truths[i]] !== dt.category[d]) continue
      const value = overlap(d, truths[i])
      if (value <= highest) continue
      highest = value
      best = truths[i]
    }
    const right = best >= 0 && highest >= iou
    if (right && gt.ignore[best]) continue
    outcomes[dt.category[d]].push(right && !taken[best])
    if (right) taken[best] = 1
  }
  const perClass = Array.from(gt.categoryNames, (label, k) => {
    let groundTruths = 0
    for (let g = 0; g < gt.length; g++) if (gt.category[g] === k && !gt.ignore[g]) groundTruths++
    return { label, groundTruths, ap: groundTruths > 0 ? averagePrecision(outcomes[k], groundTruths, method) : null }
  })
  const defined = perClass.flatMap(({ ap }) => (ap === null ? [] : [ap]))
  return { iou, method, perClass, map: defined.length ? defined.reduce((a, b) => a + b, 0) / defined.length : null }
}

function averagePrecision(outcomes: readonly boolean[], total: number, method: VocMethod): number {
  let tp = 0
  const curve = outcomes.map((right, i) => {
    if (right) tp++
    return { recall: tp / total, precision: tp / (i + 1) }
  })
  for (let i = curve.length - 1; i > 0; i--) {
    curve[i - 1].precision = Math.max(curve[i - 1].precision, curve[i].precision)
  }
  if (method === '11-point') {
    let sum = 0
    for (let r = 0; r <= 10; r++) sum += curve.find((point) => point.recall >= r / 10)?.precision ?? 0
    return sum / 11
  }
  let area = 0
  let recall = 0
  for (const point of curve) {
    area += (point.recall - recall) * point.precision
    recall = point.recall
  }
  return area
}
