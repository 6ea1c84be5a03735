/** Right, wrong and missed at any confidence and IoU, from stored objects: the numbers of image-errors.ts. */
import type { ErrorCounts, LabelErrors } from './image-errors'
import { pairCodes } from './match-pairs'
import type { ObjectIndex } from './select-objects'

const empty = (): ErrorCounts => ({ groundTruths: 0, truePositives: 0, falsePositives: 0, falseNegatives: 0, f1: 1 })

function tally(index: ObjectIndex, { conf, iou }: { conf: number; iou: number }, by: 'image' | 'category') {
  const { gt, dt, images, labels } = index.set
  const counts = Array.from({ length: (by === 'image' ? images : labels).length }, empty)
  const { truth } = index.pairs(iou)
  for (let g = 0; g < gt.length; g++) if (!gt.ignore[g]) counts[gt[by][g]].groundTruths++
  for (let d = 0; d < dt.length; d++) {
    const g = truth[d]
    if (dt.score[d] < conf || g === pairCodes.unseen || (g >= 0 && gt.ignore[g])) continue
    counts[dt[by][d]][g >= 0 ? 'truePositives' : 'falsePositives']++
  }
  for (const one of counts) {
    one.falseNegatives = one.groundTruths - one.truePositives
    const all = 2 * one.truePositives + one.falsePositives + one.falseNegatives
    one.f1 = all === 0 ? 1 : (2 * one.truePositives) / all
  }
  return counts
}

/** In the order of the images. */
export const imageCounts = (index: ObjectIndex, at: { conf: number; iou: number }): ErrorCounts[] =>
  tally(index, at, 'image')

/** In the order of the labels. */
export function labelCounts(index: ObjectIndex, at: { conf: number; iou: number }): LabelErrors[] {
  const { gt, labels } = index.set
  const images = labels.map(() => new Set<number>())
  for (let g = 0; g < gt.length; g++) if (!gt.ignore[g]) images[gt.category[g]].add(gt.image[g])
  return tally(index, at, 'category').map((counts, k) => ({
    label: labels[k].name,
    categoryId: labels[k].cocoId,
    images: images[k].size,
    ...counts,
    precision: ratio(counts.truePositives, counts.truePositives + counts.falsePositives, 1),
    recall: ratio(counts.truePositives, counts.groundTruths, 0),
  }))
}

const ratio = (part: number, whole: number, none: number) => (whole === 0 ? none : part / whole)
