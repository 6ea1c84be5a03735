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

export interface ConfusionInput {
  gt: GroundTruth
  dt: Detections
  iouType?: IouType
  sigmas?: ArrayLike<number>
  conf?: number
  iou?: number
}

/** Who belongs to whom; rows of `dt` below the confidence have `below`. */
export interface ConfusionPairs {
  /** Per detection row: its ground-truth row, or one of {@link confusionCodes}. */
  truth: Int32Array
  /** Per ground-truth row: its detection row, -1 where nothing found it; ignored ones have `ignored`. */
  detection: Int32Array
}
export const confusionCodes = { background: -1, ignored: -2, below: -3 } as const

/**
 * Pairs are taken by falling IoU over all classes of an image, each detection and each ground truth once (equal IoU:
 * the better score first). Ignored ground truth is in no cell, and neither is what lies on it.
 */
export function confusionPairs(input: ConfusionInput): ConfusionPairs {
  const { gt, dt, iouType = 'bbox', sigmas = cocoSigmas, conf = 0.25, iou = 0.45 } = input
  const { background, ignored, below } = confusionCodes
  const overlap = pairIou(gt, dt, cocoParams(iouType, { sigmas: Float64Array.from(sigmas) }))
  const truth = new Int32Array(dt.length).fill(below)
  const detection = Int32Array.from({ length: gt.length }, (_, g) => (gt.ignore[g] ? ignored : background))
  const images = gt.imageIds.length
  const truths = sortByKey(allRows(gt.length), gt.image, images)
  const rows = sortByKey(sortByScore(allRows(dt.length), dt.score), dt.image, images).filter((d) => dt.score[d] >= conf)
  for (let image = 0, g = 0, d = 0; image < images; image++) {
    const [gStart, dStart] = [g, d]
    while (g < truths.length && gt.image[truths[g]] === image) g++
    while (d < rows.length && dt.image[rows[d]] === image) d++
    const pairs: { d: number; g: number; value: number }[] = []
    for (let i = dStart; i < d; i++) {
      truth[rows[i]] = background
      for (let j = gStart; j < g; j++) {
        const value = overlap(rows[i], truths[j])
        if (value <= iou) continue
        if (gt.ignore[truths[j]]) truth[rows[i]] = ignored
        else pairs.push({ d: rows[i], g: truths[j], value })
      }
    }
    pairs.sort((a, b) => b.value - a.value)
    for (const pair of pairs) {
      if (truth[pair.d] >= 0 || detection[pair.g] >= 0) continue
      truth[pair.d] = pair.g
      detection[pair.g] = pair.d
    }
  }
  return { truth, detection }
}

/** The counts of {@link confusionPairs}. */
export function confusionMatrix(input: ConfusionInput): ConfusionMatrix {
  const { gt, dt, conf = 0.25, iou = 0.45 } = input
  const { truth, detection } = confusionPairs(input)
  const background = gt.categoryIds.length
  const counts = Array.from({ length: background + 1 }, () => new Array<number>(background + 1).fill(0))
  let ignored = 0
  for (let d = 0; d < dt.length; d++) {
    if (truth[d] === confusionCodes.ignored) ignored++
    else if (truth[d] !== confusionCodes.below)
      counts[dt.category[d]][truth[d] >= 0 ? gt.category[truth[d]] : background]++
  }
  for (let g = 0; g < gt.length; g++) {
    if (detection[g] === confusionCodes.background) counts[background][gt.category[g]]++
  }
  return { conf, iou, labels: [...gt.categoryNames, 'background'], counts, ignored }
}
