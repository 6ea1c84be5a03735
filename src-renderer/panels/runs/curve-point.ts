/** What stands under the pointer on the curves of an evaluation: the nearest curve, the confidence, what it is worth. */
import type { z } from 'zod'
import type { curvesSchema } from '@shared/contract/results'

export interface CurvePoint {
  /** Position among the classes of the evaluation; null: the mean. */
  label: number | null
  confidence: number
  precision: number
  recall: number
  f1: number
}

/**
 * @param x recall with `pr`, confidence otherwise, 0..1. @param y value of the curve, 0..1.
 * @param shown positions of the classes that are drawn beside the mean
 * @returns null where no curve passes, such as beyond the highest recall
 */
export function pointOnCurves(
  curves: z.infer<typeof curvesSchema>,
  kind: 'pr' | 'f1' | 'precision' | 'recall',
  { x, y }: { x: number; y: number },
  shown: readonly number[],
): CurvePoint | null {
  const { confidence, mean, perClass } = curves
  let nearest: { point: CurvePoint; distance: number } | null = null
  for (const label of [null, ...shown]) {
    const curve = label === null ? mean : perClass[label]
    if (curve.recall.length === 0) continue
    // Recall falls with rising confidence: the highest confidence that still reaches it.
    const at = kind === 'pr' ? curve.recall.findLastIndex((recall) => recall >= x) : indexAt(confidence, x)
    if (at < 0) continue
    const value = kind === 'pr' ? curve.precisionAtRecall[Math.round(100 * Math.min(1, x))] : curve[kind][at]
    const distance = Math.abs(value - y)
    // Of equally near ones the mean, which comes first.
    if (nearest && distance >= nearest.distance) continue
    const { precision, recall, f1 } = curve
    const point = { label, confidence: confidence[at], precision: precision[at], recall: recall[at], f1: f1[at] }
    nearest = { point, distance }
  }
  return nearest?.point ?? null
}

const indexAt = (axis: readonly number[], x: number): number => {
  const at = axis.findIndex((value) => value >= x)
  return at < 0 ? axis.length - 1 : at
}
