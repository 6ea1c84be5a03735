/** Right, wrong and missed detections per image and per class at one confidence: where to look first. */
import type { Detections, GroundTruth } from './coco-columns'
import { thresholdIndex } from './curves'
import type { CocoEvaluation } from './evaluate-coco'

export interface ErrorCounts {
  /** Ground truths that count. */
  groundTruths: number
  /** Detections found right, wrong, and ground truths not found. */
  truePositives: number
  falsePositives: number
  falseNegatives: number
  /** 2 tp / (2 tp + fp + fn); 1 for an image without either. */
  f1: number
}
export interface ImageErrors extends ErrorCounts {
  /** COCO image id. */
  imageId: number
}
export interface LabelErrors extends ErrorCounts {
  label: string
  categoryId: number
  /** Images with ground truth of the class. */
  images: number
  precision: number
  recall: number
}
export interface ErrorStatistics {
  conf: number
  iou: number
  /** Every image, most errors (wrong + missed) first; equal ones by lower F1, then by image id. */
  images: ImageErrors[]
  /** In category order. */
  labels: LabelErrors[]
}

/**
 * Counts at one confidence and one of the evaluation's IoU thresholds. Matching runs by falling score, so leaving out
 * detections below `conf` changes no match above it.
 */
export function errorStatistics(
  gt: GroundTruth,
  dt: Detections,
  { matches }: CocoEvaluation,
  { conf = 0.25, iou = 0.5 }: { conf?: number; iou?: number } = {},
): ErrorStatistics {
  const t = thresholdIndex(matches, iou)
  const { order, starts, score, rank, categories, params } = matches
  const limit = params.maxDetections[params.maxDetections.length - 1]
  const empty = (): ErrorCounts => ({ groundTruths: 0, truePositives: 0, falsePositives: 0, falseNegatives: 0, f1: 1 })
  const perImage = Array.from(gt.imageIds, empty)
  const perClass = Array.from({ length: categories }, empty)
  const withClass = Array.from({ length: categories }, () => new Set<number>())
  const category = (g: number) => (params.useCategories ? gt.category[g] : 0)
  for (let g = 0; g < gt.length; g++) {
    if (gt.ignore[g]) continue
    perImage[gt.image[g]].groundTruths++
    perClass[category(g)].groundTruths++
    withClass[category(g)].add(gt.image[g])
  }
  for (let k = 0; k < categories; k++) {
    for (let at = starts[k]; at < starts[k + 1] && score[at] >= conf; at++) {
      if (rank[at] >= limit || (matches.ignored[0][at] >>> t) & 1) continue
      const key = (matches.hit[0][at] >>> t) & 1 ? 'truePositives' : 'falsePositives'
      perImage[dt.image[order[at]]][key]++
      perClass[k][key]++
    }
  }
  for (const counts of [...perImage, ...perClass]) {
    counts.falseNegatives = counts.groundTruths - counts.truePositives
    const all = 2 * counts.truePositives + counts.falsePositives + counts.falseNegatives
    counts.f1 = all === 0 ? 1 : (2 * counts.truePositives) / all
  }
  const wrong = (counts: ErrorCounts) => counts.falsePositives + counts.falseNegatives
  return {
    conf,
    iou,
    images: perImage
      .map((counts, i) => ({ imageId: gt.imageIds[i], ...counts }))
      .sort((a, b) => wrong(b) - wrong(a) || a.f1 - b.f1 || a.imageId - b.imageId),
    labels: perClass.map((counts, k) => ({
      label: params.useCategories ? gt.categoryNames[k] : 'all',
      categoryId: params.useCategories ? gt.categoryIds[k] : -1,
      images: withClass[k].size,
      ...counts,
      precision: ratio(counts.truePositives, counts.truePositives + counts.falsePositives, 1),
      recall: ratio(counts.truePositives, counts.groundTruths, 0),
    })),
  }
}

const ratio = (part: number, whole: number, empty: number) => (whole === 0 ? empty : part / whole)
