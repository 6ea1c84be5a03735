/**
 * COCO evaluation written straight from its rules (training facts D.1 to D.6): plain objects, every loop written out,
 * no shared code with the product. Slow, and the judge of the fast one.
 */

export interface ReferenceTruth {
  id: number
  image: number
  category: number
  box: number[]
  area: number
  crowd: boolean
  ignore?: boolean
}
export interface ReferenceDetection {
  image: number
  category: number
  box: number[]
  area: number
  score: number
}

export interface ReferenceSettings {
  images: number[]
  categories: number[]
  maxDetections: number[]
  areas: [number, number][]
  iou?: (detection: ReferenceDetection, truth: ReferenceTruth) => number
}

export const cocoThresholds = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95]
export const cocoAreas: [number, number][] = [
  [0, 1e10],
  [0, 1024],
  [1024, 9216],
  [9216, 1e10],
]

function boxIou(a: ReferenceDetection, b: ReferenceTruth): number {
  const w = Math.min(a.box[0] + a.box[2], b.box[0] + b.box[2]) - Math.max(a.box[0], b.box[0])
  const h = Math.min(a.box[1] + a.box[3], b.box[1] + b.box[3]) - Math.max(a.box[1], b.box[1])
  if (w <= 0 || h <= 0) return 0
  const areaA = a.box[2] * a.box[3]
  const areaB = b.box[2] * b.box[3]
  return (w * h) / (b.crowd ? areaA : areaA + areaB - w * h)
}

/** Array.prototype.sort is stable, as numpy's mergesort is. */
const byScore = <T extends { score: number }>(rows: T[]): T[] => [...rows].sort((a, b) => b.score - a.score)

interface Verdict {
  score: number
  /** Per threshold. */
  matched: boolean[]
  ignored: boolean[]
}

/** One image, category and area: what each of the best `limit` detections is, and how many truths count. */
function evaluateImage(
  truths: ReferenceTruth[],
  detections: ReferenceDetection[],
  [low, high]: [number, number],
  limit: number,
  iou: (detection: ReferenceDetection, truth: ReferenceTruth) => number,
): { verdicts: Verdict[]; positives: number } {
  const ignored = (truth: ReferenceTruth) =>
    truth.crowd || truth.ignore === true || truth.area < low || truth.area > high
  const ordered = [...truths.filter((truth) => !ignored(truth)), ...truths.filter(ignored)]
  const kept = byScore(detections).slice(0, limit)
  const verdicts: Verdict[] = kept.map(({ score }) => ({ score, matched: [], ignored: [] }))
  cocoThresholds.forEach((threshold, t) => {
    const used = new Set<ReferenceTruth>()
    kept.forEach((detection, d) => {
      let bestIou = Math.min(threshold, 1 - 1e-10)
      let best: ReferenceTruth | null = null
      for (const truth of ordered) {
        if (used.has(truth) && !truth.crowd) continue
        if (best && !ignored(best) && ignored(truth)) break
        const value = iou(detection, truth)
        if (value < bestIou) continue
        bestIou = value
        best = truth
      }
      if (best) used.add(best)
      const matched = best !== null && best.id !== 0
      const outside = detection.area < low || detection.area > high
      verdicts[d].matched[t] = matched
      verdicts[d].ignored[t] = (best !== null && ignored(best)) || (!matched && outside)
    })
  })
  return { verdicts, positives: truths.filter((truth) => !ignored(truth)).length }
}

/** `precision` and `scores` [T, R, K, A, M], `recall` [T, K, A, M], flat in C order. */
export function evaluateByRules(
  truths: ReferenceTruth[],
  detections: ReferenceDetection[],
  settings: ReferenceSettings,
) {
  const { images, categories, maxDetections, areas, iou = boxIou } = settings
  const recallThresholds = Array.from({ length: 101 }, (_, k) => (k === 100 ? 1 : k * 0.01))
  const precision: number[] = []
  const scores: number[] = []
  const recall: number[] = []
  const sorted = (ids: number[]) => [...ids].sort((a, b) => a - b)
  const most = maxDetections[maxDetections.length - 1]
  const perImageOf = sorted(categories).map((category) =>
    areas.map((area) =>
      sorted(images).map((image) =>
        evaluateImage(
          truths.filter((truth) => truth.image === image && truth.category === category),
          detections.filter((detection) => detection.image === image && detection.category === category),
          area,
          most,
          iou,
        ),
      ),
    ),
  )
  const curve = (k: number, a: number, limit: number, t: number) => {
    const perImage = perImageOf[k][a]
    const total = perImage.reduce((sum, one) => sum + one.positives, 0)
    if (total === 0) return null
    const list = byScore(perImage.flatMap((one) => one.verdicts.slice(0, limit)))
    let [tp, fp] = [0, 0]
    const points = list.map((verdict) => {
      if (!verdict.ignored[t]) {
        if (verdict.matched[t]) tp++
        else fp++
      }
      return { recall: tp / total, precision: tp / (fp + tp + 2.220446049250313e-16), score: verdict.score }
    })
    for (let i = points.length - 1; i > 0; i--) {
      points[i - 1].precision = Math.max(points[i - 1].precision, points[i].precision)
    }
    return { points, final: points.length > 0 ? points[points.length - 1].recall : 0 }
  }
  const all = cocoThresholds.map((_, t) =>
    categories.map((_, k) => areas.map((_, a) => maxDetections.map((limit) => curve(k, a, limit, t)))),
  )
  for (const ofThreshold of all) {
    for (const wanted of recallThresholds) {
      for (const one of ofThreshold.flat(2)) {
        const point = one?.points.find((candidate) => candidate.recall >= wanted)
        precision.push(one === null ? -1 : (point?.precision ?? 0))
        scores.push(one === null ? -1 : (point?.score ?? 0))
      }
    }
    for (const one of ofThreshold.flat(2)) recall.push(one === null ? -1 : one.final)
  }
  return { precision, scores, recall }
}
