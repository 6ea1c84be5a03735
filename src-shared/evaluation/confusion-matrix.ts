/** Which class is taken for which: detections against ground truth of any class, with background on both sides. */
import type { Detections, GroundTruth } from './coco-columns'
import { cocoParams, cocoSigmas, type IouType } from './coco-params'
import { pairIou } from './pair-iou'
import { allRows, sortByKey, sortByScore } from './sort-rows'

export interface ConfusionMatrix {
  /** Detections below are not looked at. */
  conf: number
  /** A detection and a ground truth belong together when their IoU is larger. */
  iou: number
  /** Category names, then `background`. */
  labels: string[]
  /**
   * `counts[predicted][true]`. The last row holds ground truth that nothing found, the last column detections of
   * nothing; both meet in an empty cell.
   */
  counts: number[][]
  /** Detections on crowds and the like, in no cell. */
  ignored: number
}

/**
 * Pairs are taken by falling IoU over all classes of an image, each detection and each ground truth once (equal IoU:
 * the better score first). Ignored ground truth is in no cell, and neither is what lies on it.
 */
export function confusionMatrix(input: {
  gt: GroundTruth
  dt: Detections
  iouType?: IouType
  sigmas?: ArrayLike<number>
  conf?: number
  iou?: number
}): ConfusionMatrix {
  const { gt, dt, iouType = 'bbox', sigmas = cocoSigmas, conf = 0.25, iou = 0.45 } = input
  const overlap = pairIou(gt, dt, cocoParams(iouType, { sigmas: Float64Array.from(sigmas) }))
  const background = gt.categoryIds.length
  const counts = Array.from({ length: background + 1 }, () => new Array<number>(background + 1).fill(0))
  let ignored = 0
  const images = gt.imageIds.length
  const truths = sortByKey(allRows(gt.length), gt.image, images)
  const rows = sortByKey(sortByScore(allRows(dt.length), dt.score), dt.image, images).filter((d) => dt.score[d] >= conf)
  for (let image = 0, g = 0, d = 0; image < images; image++) {
    const [gStart, dStart] = [g, d]
    while (g < truths.length && gt.image[truths[g]] === image) g++
    while (d < rows.length && dt.image[rows[d]] === image) d++
    const pairs: { d: number; g: number; value: number }[] = []
    for (let i = dStart; i < d; i++) {
      for (let j = gStart; j < g; j++) {
        if (gt.ignore[truths[j]]) continue
        const value = overlap(rows[i], truths[j])
        if (value > iou) pairs.push({ d: i, g: j, value })
      }
    }
    pairs.sort((a, b) => b.value - a.value)
    const found = new Set<number>()
    const used = new Set<number>()
    for (const pair of pairs) {
      if (used.has(pair.d) || found.has(pair.g)) continue
      used.add(pair.d)
      found.add(pair.g)
      counts[dt.category[rows[pair.d]]][gt.category[truths[pair.g]]]++
    }
    for (let j = gStart; j < g; j++) {
      if (!found.has(j) && !gt.ignore[truths[j]]) counts[background][gt.category[truths[j]]]++
    }
    for (let i = dStart; i < d; i++) {
      if (used.has(i)) continue
      let onIgnored = false
      for (let j = gStart; j < g && !onIgnored; j++) {
        onIgnored = gt.ignore[truths[j]] === 1 && overlap(rows[i], truths[j]) > iou
      }
      if (onIgnored) ignored++
      else counts[dt.category[rows[i]]][background]++
    }
  }
  return { conf, iou, labels: [...gt.categoryNames, 'background'], counts, ignored }
}
