/**
 * COCO's AP where images count more than once or not at all, as the bootstrap over images needs it (Efron and Tibshirani,
 * "An Introduction to the Bootstrap", 1993): detections are matched once, and every resampled set only counts them anew.
 */
import type { GroundTruth } from './coco-columns'
import type { Matches } from './match-detections'

/**
 * @param images image of each detection row.
 * @param counts how often each image counts, by its position in the ground truth.
 * @returns AP of each category over all IoU thresholds, all areas and the largest detection limit; null where no object counts.
 */
export function weightedAp(
  matches: Matches,
  gt: GroundTruth,
  images: Int32Array,
  counts: ArrayLike<number>,
): (number | null)[] {
  const { params, order, starts, rank } = matches
  const { iouThresholds, recallThresholds, maxDetections, areas } = params
  const [hit, ignored] = [matches.hit[0], matches.ignored[0]]
  const limit = maxDetections[maxDetections.length - 1]
  const thresholds = iouThresholds.length
  const total = new Float64Array(matches.categories)
  for (let g = 0; g < gt.length; g++)
    if (!gt.ignore[g] && gt.area[g] >= areas[0].low && gt.area[g] <= areas[0].high)
      total[gt.category[g]] += counts[gt.image[g]]
  return Array.from(total, (objects, k) => {
    if (objects === 0) return null
    let sum = 0
    for (let t = 0; t < thresholds; t++) {
      const bit = 1 << t
      const [recalls, precisions]: [number[], number[]] = [[], []]
      let right = 0
      let wrong = 0
      for (let at = starts[k]; at < starts[k + 1]; at++) {
        const times = counts[images[order[at]]]
        if (times === 0 || rank[at] >= limit || (ignored[at] & bit) !== 0) continue
        if ((hit[at] & bit) === 0) {
          wrong += times
          continue
        }
        right += times
        recalls.push(right / objects)
        precisions.push(right / (right + wrong))
      }
      for (let i = precisions.length - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i], precisions[i + 1])
      for (let r = 0, i = 0; r < recallThresholds.length; r++) {
        while (i < recalls.length && recalls[i] < recallThresholds[r]) i++
        if (i === recalls.length) break
        sum += precisions[i]
      }
    }
    return sum / (thresholds * recallThresholds.length)
  })
}
