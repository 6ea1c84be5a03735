/** Everything beside the table that a person looks at after an evaluation, as plain data for storage and charts. */
import type { Detections, GroundTruth } from './coco-columns'
import { confusionMatrix, type ConfusionMatrix } from './confusion-matrix'
import { evaluationCurves, type EvaluationCurves } from './curves'
import type { CocoEvaluation } from './evaluate-coco'
import { errorStatistics, type ErrorStatistics } from './image-errors'
import { tideReport, type TideReport } from './tide'

export interface EvaluationAnalysis {
  curves: EvaluationCurves
  confusion: ConfusionMatrix
  tide: TideReport
  errors: ErrorStatistics
}

/** JSON values only. `conf` of the confusion matrix and the error counts is where the mean F1 is best, unless given. */
export function analyzeEvaluation(input: {
  gt: GroundTruth
  dt: Detections
  evaluation: CocoEvaluation
  conf?: number
  /** IoU of a right detection for curves, errors and TIDE: one of the evaluation's thresholds. */
  iou?: number
}): EvaluationAnalysis {
  const { gt, dt, evaluation, iou = 0.5 } = input
  const { iouType } = evaluation
  const { sigmas } = evaluation.matches.params
  const curves = evaluationCurves(evaluation, { iou })
  const conf = input.conf ?? curves.mean.best?.confidence ?? 0.25
  return {
    curves,
    confusion: confusionMatrix({ gt, dt, iouType, sigmas, conf }),
    tide: tideReport({ gt, dt, iouType, sigmas, foreground: iou }),
    errors: errorStatistics(gt, dt, evaluation, { conf, iou }),
  }
}
