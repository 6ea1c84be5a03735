/** The fast evaluator against the rules written out loop by loop: every entry of every array. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { loadCocoGroundTruth, loadCocoResults } from '@shared/evaluation/load-coco'
import { resultFile, truthFile } from '../../helpers/coco-files'
import { cocoAreas, evaluateByRules } from '../../helpers/coco-reference'
import { randomCase } from '../../helpers/random-coco'

function compare(seed: number, maxDetections: number[], pooled: boolean): void {
  const { truths, results, images, categories } = randomCase(seed, 20)
  const gt = loadCocoGroundTruth(truthFile(truths, { images, categories }))
  const dt = loadCocoResults(resultFile(results), gt)
  const { accumulated } = evaluateCoco({ gt, dt, iouType: 'bbox', params: { maxDetections, useCategories: !pooled } })
  // Pooled, the rules see one category; inside an image rows come category by category.
  const sorted = <T>(rows: T[], category: (row: T) => number) =>
    pooled ? [...rows].sort((a, b) => category(a) - category(b)) : rows
  const rules = evaluateByRules(
    sorted(truths, (row) => row[1]).map(([image, category, x, y, w, h, extra]) => ({
      id: extra!.id!,
      image,
      category: pooled ? -1 : category,
      box: [x, y, w, h],
      area: extra!.area!,
      crowd: extra!.crowd!,
    })),
    sorted(results, (row) => row[1]).map(([image, category, x, y, w, h, score]) => ({
      image,
      category: pooled ? -1 : category,
      box: [x, y, w, h],
      area: w * h,
      score,
    })),
    { images, categories: pooled ? [-1] : categories, maxDetections, areas: cocoAreas },
  )
  expectSame(accumulated.recall, rules.recall)
  expectSame(accumulated.precision, rules.precision)
  expectSame(accumulated.scores, rules.scores)
}

/** Tens of thousands of numbers: compared one by one, since a matcher would take longer than the evaluation. */
function expectSame(ours: Float64Array, rules: number[]): void {
  expect(ours.length).toBe(rules.length)
  const at = rules.findIndex((value, i) => !Object.is(value, ours[i]))
  expect(at < 0 ? 'the same' : `${ours[at]} at ${at}, by the rules ${rules[at]}`).toBe('the same')
}

test('precision, recall and scores equal the rules', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => compare(seed, [1, 10, 100], false)),
    { numRuns: 25 },
  )
}, 60_000)

test('so they do with other limits and with categories pooled', () => {
  fc.assert(fc.property(fc.nat(), fc.constantFrom<number[]>([1, 3, 5], [2], [3, 20]), fc.boolean(), compare), {
    numRuns: 25,
  })
}, 60_000)
