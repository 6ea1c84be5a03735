import { describe, expect, it } from 'vitest'
import { pointOnCurves } from '../../../src-renderer/panels/runs/curve-point'

/** Two classes and their mean on confidences 0, .25, ... 1; recall falls and precision rises with confidence. */
const curve = (recall: number[], precision: number[]) => ({
  recall,
  precision,
  f1: recall.map((r, i) => (2 * r * precision[i]) / (r + precision[i] || 1)),
  precisionAtRecall: Array.from({ length: 101 }, (_, i) =>
    Math.max(0, ...precision.filter((_, at) => recall[at] >= i / 100)),
  ),
  best: null,
})
const ship = curve([1, 0.9, 0.8, 0.4, 0], [0.5, 0.6, 0.9, 1, 1])
const buoy = curve([0.6, 0.5, 0.4, 0.2, 0], [0.2, 0.3, 0.5, 0.6, 1])
const curves = {
  iou: 0.5,
  confidence: [0, 0.25, 0.5, 0.75, 1],
  mean: curve([0.8, 0.7, 0.6, 0.3, 0], [0.35, 0.45, 0.7, 0.8, 1]),
  perClass: [
    { label: 'ship', categoryId: 1, groundTruths: 10, ...ship },
    { label: 'buoy', categoryId: 2, groundTruths: 10, ...buoy },
  ],
}

describe('the point under the pointer', () => {
  it('is on the nearest curve, at the next confidence of the grid', () => {
    expect(pointOnCurves(curves, 'precision', { x: 0.4, y: 0.92 }, [0, 1])).toMatchObject({
      label: 0,
      confidence: 0.5,
      precision: 0.9,
      recall: 0.8,
    })
    expect(pointOnCurves(curves, 'recall', { x: 0.4, y: 0.35 }, [0, 1])).toMatchObject({ label: 1, recall: 0.4 })
    expect(pointOnCurves(curves, 'f1', { x: 7, y: 0 }, [0, 1])).toMatchObject({ confidence: 1 })
  })

  it('is the mean where classes are not drawn', () => {
    expect(pointOnCurves(curves, 'precision', { x: 0.5, y: 0.9 }, [])).toMatchObject({ label: null, precision: 0.7 })
  })

  it('is, of precision against recall, the highest confidence that reaches the recall', () => {
    expect(pointOnCurves(curves, 'pr', { x: 0.75, y: 0.9 }, [0, 1])).toMatchObject({
      label: 0,
      confidence: 0.5,
      recall: 0.8,
    })
    // Only one curve reaches so far.
    expect(pointOnCurves(curves, 'pr', { x: 0.95, y: 0.1 }, [0, 1])).toMatchObject({ label: 0, confidence: 0 })
    expect(pointOnCurves(curves, 'pr', { x: 0.95, y: 0.1 }, [1])).toBeNull()
  })
})
