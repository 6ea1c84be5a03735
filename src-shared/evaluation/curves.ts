/** Precision against recall, and precision, recall and F1 against confidence: for every class and on average. */
import { TagwrightError } from '../base/errors'
import type { CocoEvaluation } from './evaluate-coco'
import type { Matches } from './match-detections'
import { linspace } from './numpy'

/** A confidence from which on detections are kept, and what they are worth then. */
export interface OperatingPoint {
  confidence: number
  precision: number
  recall: number
  f1: number
}

export interface Curves {
  /** COCO's 101-point curve: highest precision at any recall of at least 0, .01, ... 1. Empty without ground truth. */
  precisionAtRecall: number[]
  /** On `confidence`, keeping detections that score at least as much. Precision of no detection is 1. */
  precision: number[]
  recall: number[]
  f1: number[]
  /** Where F1 is highest (the highest such confidence); null without ground truth or detections. */
  best: OperatingPoint | null
}

export interface ClassCurves extends Curves {
  label: string
  categoryId: number
  groundTruths: number
}

export interface EvaluationCurves {
  /** IoU that makes a detection right. */
  iou: number
  /** `points` values from 0 to 1. */
  confidence: number[]
  /** Mean over the classes that have ground truth; `best` is on the grid. */
  mean: Curves
  perClass: ClassCurves[]
}

/** Curves are for charts: six digits are plenty and keep a stored row of 80 classes below 2 MB. */
const digits = (value: number) => Math.round(value * 1e6) / 1e6

/**
 * Curves of an evaluation at one of its IoU thresholds, all areas, all its detections.
 * Throws `bad-evaluation` when `iou` is not among the thresholds.
 */
export function evaluationCurves(evaluation: CocoEvaluation, { iou = 0.5, points = 1000 } = {}): EvaluationCurves {
  const { matches, accumulated, perClass } = evaluation
  const t = thresholdIndex(matches, iou)
  const grid = linspace(0, 1, points)
  const [, R, K, A, M] = accumulated.shape
  const classes = perClass.map((row, k): ClassCurves => {
    const precisionAtRecall: number[] = []
    if (row.groundTruths > 0) {
      for (let r = 0; r < R; r++) {
        precisionAtRecall.push(digits(accumulated.precision[(((t * R + r) * K + k) * A + 0) * M + M - 1]))
      }
    }
    const { label, categoryId, groundTruths } = row
    return { label, categoryId, groundTruths, precisionAtRecall, ...confidenceCurves(matches, k, t, grid) }
  })
  const counted = classes.filter((one) => one.groundTruths > 0)
  const average = (of: (one: ClassCurves) => number[], length: number) =>
    Array.from({ length: counted.length > 0 ? length : 0 }, (_, i) =>
      digits(counted.reduce((sum, one) => sum + of(one)[i], 0) / counted.length),
    )
  const mean: Curves = {
    precisionAtRecall: average((one) => one.precisionAtRecall, R),
    precision: average((one) => one.precision, points),
    recall: average((one) => one.recall, points),
    f1: average((one) => one.f1, points),
    best: null,
  }
  for (let i = points - 1; i >= 0 && mean.f1.length > 0; i--) {
    if (mean.f1[i] > (mean.best?.f1 ?? 0)) {
      mean.best = { confidence: grid[i], precision: mean.precision[i], recall: mean.recall[i], f1: mean.f1[i] }
    }
  }
  return { iou, confidence: Array.from(grid), mean, perClass: classes }
}

/** Position of an IoU threshold. Throws `bad-evaluation` when the evaluation did not use it. */
export function thresholdIndex({ params }: Matches, iou: number): number {
  const t = params.iouThresholds.findIndex((threshold) => Math.abs(threshold - iou) < 1e-9)
  if (t >= 0) return t
  throw new TagwrightError(
    'bad-evaluation',
    `The IoU ${iou} was not evaluated. Choose one of ${Array.from(params.iouThresholds, (value) => value.toFixed(2)).join(', ')}.`,
    { iou },
  )
}

function confidenceCurves(
  matches: Matches,
  k: number,
  t: number,
  grid: Float64Array,
): Omit<Curves, 'precisionAtRecall'> {
  const { starts, score, rank, params } = matches
  const [hit, ignored, total] = [matches.hit[0], matches.ignored[0], matches.positives[k]]
  const limit = params.maxDetections[params.maxDetections.length - 1]
  const precision = new Array<number>(grid.length).fill(1)
  const recall = new Array<number>(grid.length).fill(0)
  const f1 = new Array<number>(grid.length).fill(0)
  let best: OperatingPoint | null = null
  let tp = 0
  let fp = 0
  const point = (confidence: number): OperatingPoint => ({
    confidence,
    precision: tp + fp > 0 ? tp / (tp + fp) : 1,
    recall: total > 0 ? tp / total : 0,
    f1: tp > 0 ? (2 * tp) / (tp + fp + total) : 0,
  })
  let g = grid.length - 1
  const writeDownTo = (confidence: number) => {
    for (; g >= 0 && grid[g] > confidence; g--) {
      const values = point(grid[g])
      precision[g] = digits(values.precision)
      recall[g] = digits(values.recall)
      f1[g] = digits(values.f1)
    }
  }
  for (let at = starts[k]; at < starts[k + 1]; at++) {
    writeDownTo(score[at])
    if (rank[at] < limit && ((ignored[at] >>> t) & 1) === 0) {
      if ((hit[at] >>> t) & 1) tp++
      else fp++
    }
    // Detections of one score are kept or dropped together.
    if (at + 1 < starts[k + 1] && score[at + 1] === score[at]) continue
    const values = point(score[at])
    if (values.f1 > (best?.f1 ?? 0)) best = values
  }
  writeDownTo(-Infinity)
  return { precision, recall, f1, best }
}
