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
  const { params, categories: K, order, starts, rank, score, positives } = matches
  const { recallThresholds, maxDetections } = params
  const [T, R, A, M] = [params.iouThresholds.length, recallThresholds.length, params.areas.length, maxDetections.length]
  const precision = new Float64Array(T * R * K * A * M).fill(-1)
  const scores = new Float64Array(T * R * K * A * M).fill(-1)
  const recall = new Float64Array(T * K * A * M).fill(-1)
  const every = 2 ** T - 1
  const hitCount = new Int32Array(T)
  const missCount = new Int32Array(T)
  // Per threshold, after its n-th hit: precision and score. Precision only rises at hits, so these are all that the
  // envelope needs. A ground truth that counts is hit at most once, so `most` is enough.
  let most = 0
  for (const count of positives) most = Math.max(most, count)
  const after = Array.from({ length: T }, () => new Float64Array(most + 1))
  const scoreAt = Array.from({ length: T }, () => new Float64Array(most + 1))

  for (let k = 0; k < K; k++) {
    for (let a = 0; a < A; a++) {
      const total = positives[a * K + k]
      if (total === 0) continue
      const hit = matches.hit[a]
      const ignored = matches.ignored[a]
      for (let m = 0; m < M; m++) {
        hitCount.fill(0)
        missCount.fill(0)
        const limit = maxDetections[m]
        let topScore = NaN
        // Misses at every threshold are counted once here instead of T times.
        let missAtAll = 0
        for (let at = starts[k]; at < starts[k + 1]; at++) {
          const d = order[at]
          if (rank[d] >= limit) continue
          if (topScore !== topScore) topScore = score[d]
          const hits = hit[d]
          const counted = every & ~ignored[d]
          if (hits === 0) {
            if (counted === every) {
              missAtAll++
              continue
            }
            if (counted === 0) continue
          }
          for (let t = 0; t < T; t++) {
            const bit = 1 << t
            if ((hits & bit) !== 0) {
              const hitsSoFar = ++hitCount[t]
              const missesSoFar = missCount[t] + missAtAll
              after[t][hitsSoFar] = hitsSoFar / (missesSoFar + hitsSoFar + Number.EPSILON)
              scoreAt[t][hitsSoFar] = score[d]
            } else if ((counted & bit) !== 0) missCount[t]++
          }
        }
        for (let t = 0; t < T; t++) {
          const hits = hitCount[t]
          recall[((t * K + k) * A + a) * M + m] = hits / total
          const envelope = after[t]
          for (let i = hits - 1; i > 0; i--) if (envelope[i + 1] > envelope[i]) envelope[i] = envelope[i + 1]
          let reached = 0
          for (let r = 0; r < R; r++) {
            while (reached <= hits && reached / total < recallThresholds[r]) reached++
            const at = (((t * R + r) * K + k) * A + a) * M + m
            if (reached > hits || topScore !== topScore) {
              precision[at] = 0
              scores[at] = 0
            } else if (reached === 0) {
              // Recall 0 is reached by the first detection, whatever it is.
              precision[at] = hits > 0 ? envelope[1] : 0
              scores[at] = topScore
            } else {
              precision[at] = envelope[reached]
              scores[at] = scoreAt[t][reached]
            }
          }
        }
      }
    }
  }
  return { precision, recall, scores, shape: [T, R, K, A, M] }
}
