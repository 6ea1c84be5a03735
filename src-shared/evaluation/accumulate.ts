/** COCO's accumulation (cocoeval.py accumulate): precision at fixed recalls, final recall and scores. */
import type { Matches } from './match-detections'

export interface Accumulated {
  /** [T, R, K, A, M] in C order: thresholds, recalls, categories, areas, detection limits. -1 where undefined. */
  readonly precision: Float64Array
  /** [T, K, A, M]; -1 where undefined. */
  readonly recall: Float64Array
  /** Score at which each recall is reached, [T, R, K, A, M]; -1 where undefined, 0 where never reached. */
  readonly scores: Float64Array
  readonly shape: readonly [T: number, R: number, K: number, A: number, M: number]
}

/** Accumulates over images. A category without ground truth in an area range stays -1 there. */
export function accumulate(matches: Matches): Accumulated {
  const { params, categories: K, positives } = matches
  const [R, A, M] = [params.recallThresholds.length, params.areas.length, params.maxDetections.length]
  const T = params.iouThresholds.length
  const accumulated: Accumulated = {
    precision: new Float64Array(T * R * K * A * M).fill(-1),
    recall: new Float64Array(T * K * A * M).fill(-1),
    scores: new Float64Array(T * R * K * A * M).fill(-1),
    shape: [T, R, K, A, M],
  }
  const most = positives.reduce((a, b) => Math.max(a, b), 0)
  const tallies = params.maxDetections.map(() => tally(T, most))
  for (let k = 0; k < K; k++) {
    for (let a = 0; a < A; a++) {
      const total = positives[a * K + k]
      if (total === 0) continue
      countHits(matches, k, a, tallies)
      for (let m = 0; m < M; m++) writeCurves(accumulated, params.recallThresholds, tallies[m], total, k, a, m)
    }
  }
  return accumulated
}

/** Hits and misses of one category, area and detection limit, counted in score order. */
interface Tally {
  hits: Int32Array
  misses: Int32Array
  /** Misses at every threshold alike: counted once instead of T times. */
  missesAtAll: number
  /** Score of the first detection, NaN before it. */
  topScore: number
  /**
   * Per threshold, at index n after its n-th hit: precision and score. Precision only rises at hits, so the envelope
   * needs no more. Ground truth that counts is hit at most once: `most` rows are enough.
   */
  precision: Float64Array[]
  score: Float64Array[]
}

function tally(thresholds: number, most: number): Tally {
  const rows = () => Array.from({ length: thresholds }, () => new Float64Array(most + 1))
  return {
    hits: new Int32Array(thresholds),
    misses: new Int32Array(thresholds),
    missesAtAll: 0,
    topScore: NaN,
    precision: rows(),
    score: rows(),
  }
}

/** One pass over a category's detections fills the tallies of all detection limits. */
function countHits(matches: Matches, k: number, a: number, tallies: readonly Tally[]): void {
  const { rank, score, starts, params } = matches
  const T = params.iouThresholds.length
  const every = 2 ** T - 1
  const hit = matches.hit[a]
  const ignored = matches.ignored[a]
  const limits = params.maxDetections
  for (const one of tallies) {
    one.hits.fill(0)
    one.misses.fill(0)
    one.missesAtAll = 0
    one.topScore = NaN
  }
  for (let at = starts[k]; at < starts[k + 1]; at++) {
    const hits = hit[at]
    const counted = every & ~ignored[at]
    for (let m = limits.length - 1; m >= 0 && rank[at] < limits[m]; m--) {
      const one = tallies[m]
      if (one.topScore !== one.topScore) one.topScore = score[at]
      if (counted === 0) continue
      if (hits === 0 && counted === every) {
        one.missesAtAll++
        continue
      }
      for (let t = 0; t < T; t++) {
        const bit = 1 << t
        if ((counted & bit) === 0) continue
        if ((hits & bit) === 0) {
          one.misses[t]++
          continue
        }
        const n = ++one.hits[t]
        one.precision[t][n] = n / (one.misses[t] + one.missesAtAll + n + Number.EPSILON)
        one.score[t][n] = score[at]
      }
    }
  }
}

/** Writes one category, area and limit: final recall, and precision and score at every recall threshold. */
function writeCurves(
  { precision, recall, scores, shape: [T, R, K, A, M] }: Accumulated,
  recallThresholds: Float64Array,
  one: Tally,
  total: number,
  k: number,
  a: number,
  m: number,
): void {
  const empty = one.topScore !== one.topScore
  for (let t = 0; t < T; t++) {
    const hits = one.hits[t]
    const envelope = one.precision[t]
    recall[((t * K + k) * A + a) * M + m] = hits / total
    for (let n = hits - 1; n > 0; n--) if (envelope[n + 1] > envelope[n]) envelope[n] = envelope[n + 1]
    let reached = 0
    for (let r = 0; r < R; r++) {
      while (reached <= hits && reached / total < recallThresholds[r]) reached++
      const at = (((t * R + r) * K + k) * A + a) * M + m
      if (empty || reached > hits) {
        precision[at] = 0
        scores[at] = 0
      } else if (reached === 0) {
        // Recall 0 is reached by the first detection, whatever it is.
        precision[at] = hits > 0 ? envelope[1] : 0
        scores[at] = one.topScore
      } else {
        precision[at] = envelope[reached]
        scores[at] = one.score[t][reached]
      }
    }
  }
}
