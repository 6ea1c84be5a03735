/**
 * Suppression of poses by the similarity of their points instead of the overlap of their boxes, per class: people who
 * stand in each other's way have overlapping boxes, but not the same points (Papandreou et al. 2017, arXiv:1701.01779).
 */
import { sortByScore, allRows } from './sort-rows'

export interface PoseRows {
  /** `[x1, y1, x2, y2]` per row, pixels: their areas are those of the objects. */
  boxes: Float32Array | Float64Array
  /** Rows of x, y and confidence of `pointCount` points. */
  points: Float32Array | Float64Array
  pointCount: number
  scores: Float32Array | Float64Array
  classes: ArrayLike<number>
}

/**
 * @param options.oks a pose with a larger similarity to a better one of its class goes. @param options.sigmas by class.
 * @returns kept row numbers, best first.
 */
export function oksNms(
  { boxes, points, pointCount, scores, classes }: PoseRows,
  { oks, maxDet, sigmas }: { oks: number; maxDet: number; sigmas: readonly (readonly number[])[] },
): Int32Array {
  const kept: number[] = []
  const area = (row: number) => (boxes[4 * row + 2] - boxes[4 * row]) * (boxes[4 * row + 3] - boxes[4 * row + 1])
  for (const row of sortByScore(allRows(scores.length), scores)) {
    if (kept.length === maxDet) break
    const suppressed = kept.some((other) => classes[other] === classes[row] && similarity(row, other) > oks)
    if (!suppressed) kept.push(row)
  }
  return Int32Array.from(kept)

  /** As COCO's, with the mean of both areas. */
  function similarity(a: number, b: number): number {
    const mean = (area(a) + area(b)) / 2 + Number.EPSILON
    const own = sigmas[classes[a]]
    let sum = 0
    for (let k = 0; k < pointCount; k++) {
      const [i, j] = [3 * (a * pointCount + k), 3 * (b * pointCount + k)]
      const [dx, dy] = [points[i] - points[j], points[i + 1] - points[j + 1]]
      sum += Math.exp(-(dx * dx + dy * dy) / (2 * mean * (2 * own[k]) ** 2))
    }
    return sum / pointCount
  }
}
