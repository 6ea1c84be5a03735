import { describe, expect, it } from 'vitest'
import { evaluateClasses, rankLabels } from '@shared/evaluation/evaluate-classes'
import { formatClasses } from '@shared/evaluation/format-evaluation'

describe('Scores of a classifier', () => {
  // scikit-learn's documented example of classification_report: y_true 0 1 2 2 2, y_pred 0 0 2 2 1.
  const predicted = [0, 0, 2, 2, 1]
  const results = [0, 1, 2, 2, 2].map((truth, i) => ({
    truth,
    probabilities: [0, 1, 2].map((k) => (k === predicted[i] ? 0.8 : 0.1)),
  }))
  const made = evaluateClasses(['class 0', 'class 1', 'class 2'], results)

  it('are those of the classification report', () => {
    expect(
      made.perClass.map(({ precision, recall, f1, support }) => [precision, recall, +f1.toFixed(2), support]),
    ).toEqual([
      [0.5, 1, 0.67, 1],
      [0, 0, 0, 1],
      [1, 2 / 3, 0.8, 3],
    ])
    expect(made.macro.precision).toBeCloseTo(0.5, 12)
    expect(made.macro.recall).toBeCloseTo(5 / 9, 12)
    expect(made.macro.f1).toBeCloseTo(0.48889, 5)
    expect(made.weighted.precision).toBeCloseTo(0.7, 12)
    expect(made.weighted.recall).toBeCloseTo(0.6, 12)
    expect(made.weighted.f1).toBeCloseTo(0.61333, 5)
    expect(made.top1).toBeCloseTo(0.6, 12)
    expect(made.top5).toBe(1)
    expect(made.loss).toBeCloseTo(-(3 * Math.log(0.8) + 2 * Math.log(0.1)) / 5, 12)
    expect(made.confusion.counts).toEqual([
      [1, 1, 0],
      [0, 0, 1],
      [0, 0, 2],
    ])
  })

  it('counts ties for the lower index and needs the right class among five', () => {
    expect(rankLabels([0.2, 0.3, 0.3, 0.1])).toEqual([1, 2, 0, 3])
    const flat = new Array<number>(7).fill(1 / 7)
    const names = flat.map((_, i) => `c${i}`)
    expect(evaluateClasses(names, [{ truth: 4, probabilities: flat }]).top5).toBe(1)
    expect(evaluateClasses(names, [{ truth: 5, probabilities: flat }]).top5).toBe(0)
  })

  it('says -1 without images, and prints a table', () => {
    expect(evaluateClasses(['a'], [])).toMatchObject({ top1: -1, top5: -1, loss: -1, macro: { f1: 0 } })
    expect(formatClasses(made)).toContain('     class 2      1.00      0.67      0.80         3')
  })
})
