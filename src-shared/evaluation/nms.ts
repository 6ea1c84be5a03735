/**
 * Non-maximum suppression per class, as torchvision's `batched_nms`: candidates in descending score, equal scores in
 * input order; a box goes when its IoU with a kept box of its class is strictly greater than the limit.
 */
import { allRows, sortByScore } from './sort-rows'

export interface NmsOptions {
  /** A box with a larger IoU with a better one of its class is suppressed; 0..1. */
  iou: number
  /** Boxes kept, best first, over all classes; Infinity for no limit. */
  maxDet?: number
  /** Candidates looked at, best first. */
  maxCandidates?: number
  /** Candidates with a score at or below this are not looked at. */
  minScore?: number
}

/**
 * @param boxes `[x1, y1, x2, y2]` per row, pixels. @param scores one per row, finite. @param classes one per row,
 * non-negative integers; null suppresses across classes.
 * @returns kept row numbers, best first.
 */
export function nms(
  boxes: Float64Array | Float32Array,
  scores: Float64Array | Float32Array,
  classes: ArrayLike<number> | null,
  { iou, maxDet = 300, maxCandidates = 30_000, minScore = -Infinity }: NmsOptions,
): Int32Array {
  const candidates = sortByScore(rowsAbove(scores, minScore), scores).subarray(0, maxCandidates)
  const kept = new Int32Array(Math.min(candidates.length, maxDet))
  if (kept.length === 0) return kept
  // Kept boxes of a class form a chain; coordinates lie in kept order, so a chain is walked without touching `boxes`.
  const last = new Int32Array(classCount(classes, candidates)).fill(-1)
  const previous = new Int32Array(kept.length)
  const keptBoxes = new Float64Array(kept.length * 5)
  let count = 0
  for (let c = 0; c < candidates.length && count < kept.length; c++) {
    const row = candidates[c]
    const chain = classes ? classes[row] : 0
    const x1 = boxes[4 * row]
    const y1 = boxes[4 * row + 1]
    const x2 = boxes[4 * row + 2]
    const y2 = boxes[4 * row + 3]
    const area = (x2 - x1) * (y2 - y1)
    let suppressed = false
    for (let k = last[chain]; k >= 0; k = previous[k]) {
      const at = 5 * k
      const w = Math.min(x2, keptBoxes[at + 2]) - Math.max(x1, keptBoxes[at])
      if (w <= 0) continue
      const h = Math.min(y2, keptBoxes[at + 3]) - Math.max(y1, keptBoxes[at + 1])
      if (h <= 0) continue
      const intersection = w * h
      if (intersection / (area + keptBoxes[at + 4] - intersection) > iou) {
        suppressed = true
        break
      }
    }
    if (suppressed) continue
    keptBoxes.set([x1, y1, x2, y2, area], 5 * count)
    previous[count] = last[chain]
    last[chain] = count
    kept[count++] = row
  }
  return kept.slice(0, count)
}

function rowsAbove(scores: Float64Array | Float32Array, minScore: number): Int32Array {
  if (minScore === -Infinity) return allRows(scores.length)
  const rows = new Int32Array(scores.length)
  let count = 0
  for (let i = 0; i < scores.length; i++) if (scores[i] > minScore) rows[count++] = i
  return rows.subarray(0, count)
}

function classCount(classes: ArrayLike<number> | null, rows: Int32Array): number {
  if (!classes) return 1
  let most = 0
  for (let i = 0; i < rows.length; i++) most = Math.max(most, classes[rows[i]])
  return most + 1
}
