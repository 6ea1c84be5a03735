/** Curves, confusion matrix, TIDE and error counts on one scene whose numbers can be counted by hand. */
import { describe, expect, test } from 'vitest'
import { analyzeEvaluation } from '@shared/evaluation/analyze-evaluation'
import { confusionMatrix } from '@shared/evaluation/confusion-matrix'
import { evaluationCurves } from '@shared/evaluation/curves'
import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { loadCocoGroundTruth, loadCocoResults } from '@shared/evaluation/load-coco'
import { tideReport } from '@shared/evaluation/tide'
import { resultFile, truthFile, type ResultRow, type TruthRow } from '../../helpers/coco-files'
import { randomCase } from '../../helpers/random-coco'

function scene(truths: TruthRow[], results: ResultRow[]) {
  const gt = loadCocoGroundTruth(truthFile(truths, { images: [1, 2], categories: [1, 2] }))
  const dt = loadCocoResults(resultFile(results), gt)
  return { gt, dt, evaluation: evaluateCoco({ gt, dt, iouType: 'bbox' }) }
}

// Class 1: four objects in two images; class 2: one. One detection of every kind.
const truths: TruthRow[] = [
  [1, 1, 0, 0, 100, 100],
  [1, 1, 200, 0, 100, 100],
  [1, 2, 400, 0, 100, 100],
  [2, 1, 0, 0, 100, 100],
  [2, 1, 300, 300, 100, 100, { crowd: true }],
]
const hit: ResultRow = [1, 1, 0, 0, 100, 100, 0.9]
const dupe: ResultRow = [1, 1, 5, 0, 100, 100, 0.8]
const poorPlace: ResultRow = [1, 1, 260, 0, 100, 100, 0.7] // IoU 40/160 = .25
const wrongClass: ResultRow = [1, 1, 400, 0, 100, 100, 0.6]
const nothing: ResultRow = [2, 1, 500, 300, 50, 50, 0.5]
const both: ResultRow = [1, 1, 460, 0, 100, 100, 0.4] // IoU .25 with class 2
const onCrowd: ResultRow = [2, 1, 310, 310, 50, 50, 0.3]
const all = [hit, dupe, poorPlace, wrongClass, nothing, both, onCrowd]

describe('TIDE', () => {
  const report = (results: ResultRow[]) => {
    const { gt, dt } = scene(truths, results)
    return tideReport({ gt, dt })
  }

  test('names every detection and what was missed', () => {
    const { errors, falsePositive, falseNegative } = report(all)
    expect(Object.fromEntries(Object.entries(errors).map(([name, { count }]) => [name, count]))).toEqual({
      Cls: 1,
      Loc: 1,
      Both: 1,
      Dupe: 1,
      Bkg: 1,
      Miss: 1, // the object in image 2; that of class 2 and the second of class 1 are touched
    })
    expect(falsePositive.count).toBe(5)
    expect(falseNegative.count).toBe(3)
  })

  test('the gains are the APs of the repaired lists', () => {
    const { ap, errors, falsePositive, falseNegative } = report(all)
    // Class 1 has 3 objects, one found at precision 1: recall 1/3 covers 34 of 101 points. Class 2: 0.
    expect(ap).toBeCloseTo(34 / 101 / 2, 12)
    // Wrong class repaired: class 2 gets its object, AP 1; class 1 as before.
    expect(errors.Cls.dAP).toBeCloseTo(1 / 2, 12)
    // Poor place repaired: a second hit after a hit and a duplicate, precision 2/3 for recalls .34 to .66.
    expect(errors.Loc.dAP).toBeCloseTo((33 * (2 / 3)) / 101 / 2, 12)
    // Removing what comes after the only hit changes nothing.
    expect([errors.Both.dAP, errors.Dupe.dAP, errors.Bkg.dAP, falsePositive.dAP]).toEqual([0, 0, 0, 0])
    // One of three objects forgotten: recall 1/2, 51 points.
    expect(errors.Miss.dAP).toBeCloseTo(17 / 101 / 2, 12)
    // All that was not found forgotten: class 1 is perfect, class 2 has nothing left and stays 0.
    expect(falseNegative.dAP).toBeCloseTo(67 / 101 / 2, 12)
  })

  test('only the best of several claims becomes right, the rest goes', () => {
    const again: ResultRow = [1, 1, 255, 0, 100, 100, 0.65]
    const before = report([hit, poorPlace])
    const after = report([hit, poorPlace, again])
    expect(after.errors.Loc).toEqual({ count: 2, dAP: before.errors.Loc.dAP })
  })

  test('the base is the AP50 of the table when no crowd is in play', () => {
    for (const seed of [3, 4, 5, 6]) {
      const one = randomCase(seed, 60)
      const rows = one.truths.map(([a, b, c, d, e, f], i): TruthRow => [a, b, c, d, e, f, { id: i + 1 }])
      // Distinct places: two objects under one detection may be matched differently by TIDE (best IoU, first of equals).
      const apart = rows.map(([a, b, , , e, f, g], i): TruthRow => [a, b, i * 300, 0, e, f, g])
      const results = one.results.map(([, , , , , , score], i): ResultRow => {
        const [a, b, c, d, e, f] = apart[i % Math.max(1, apart.length)] ?? [
          one.images[0],
          one.categories[0],
          0,
          0,
          9,
          9,
        ]
        return [a, b, c + (i % 5) * 4, d, e, f, score]
      })
      const gt = loadCocoGroundTruth(truthFile(apart, one))
      const dt = loadCocoResults(resultFile(results), gt)
      const { coco } = evaluateCoco({ gt, dt, iouType: 'bbox' })
      expect(tideReport({ gt, dt }).ap).toBeCloseTo(coco.AP50, 12)
    }
  })

  test('nothing to find, nothing to gain', () => {
    const { gt, dt } = scene([], [nothing])
    expect(tideReport({ gt, dt })).toMatchObject({
      ap: -1,
      falsePositive: { count: 1, dAP: 0 },
      errors: { Bkg: { count: 1 } },
    })
  })
})

describe('confusion matrix', () => {
  test('rows are predictions, columns the truth, background on both sides', () => {
    const { gt, dt } = scene(truths, all)
    expect(confusionMatrix({ gt, dt, conf: 0.25, iou: 0.45 })).toEqual({
      conf: 0.25,
      iou: 0.45,
      labels: ['class1', 'class2', 'background'],
      // The duplicate, the poor place, "nothing" and "both" are of class 1 on background; one object of class 1 is
      // found, the others are not; the object of class 2 is taken for class 1.
      counts: [
        [1, 1, 4],
        [0, 0, 0],
        [2, 0, 0],
      ],
      ignored: 1,
    })
  })

  test('detections below the confidence are not there', () => {
    const { gt, dt } = scene(truths, all)
    expect(confusionMatrix({ gt, dt, conf: 0.85 }).counts).toEqual([
      [1, 0, 0],
      [0, 0, 0],
      [2, 1, 0],
    ])
  })
})

describe('curves', () => {
  test('keep what scores at least the confidence', () => {
    const { evaluation } = scene(truths, all)
    const { mean, perClass, confidence } = evaluationCurves(evaluation, { points: 11 })
    expect(confidence).toHaveLength(11)
    const [one, two] = perClass
    // From .9 on one right of three, at .8 one right and one wrong, at 0 one of six; the one on the crowd never counts.
    // The grid's .6 and .7 are a last bit above the scores .6 and .7, which therefore are not kept there.
    expect(one.recall[9]).toBeCloseTo(1 / 3, 6)
    expect(one.precision.slice(6)).toEqual([0.333333, 0.5, 0.5, 1, 1])
    expect(one.precision[0]).toBeCloseTo(1 / 6, 6)
    expect(one.recall[10]).toBe(0)
    expect(one.best).toEqual({ confidence: 0.9, precision: 1, recall: 1 / 3, f1: 0.5 })
    expect(one.precisionAtRecall.filter((value) => value > 0)).toHaveLength(34)
    expect(two).toMatchObject({ groundTruths: 1, best: null })
    expect(two.precision.every((value) => value === 1)).toBe(true)
    expect(mean.best).toMatchObject({ confidence: 0.9, f1: 0.25 })
  })

  test('detections of one score are kept together', () => {
    const { evaluation } = scene(
      [[1, 1, 0, 0, 50, 50]],
      [
        [1, 1, 0, 0, 50, 50, 0.5],
        [1, 1, 200, 200, 50, 50, 0.5],
      ],
    )
    const { perClass } = evaluationCurves(evaluation)
    expect(perClass[0].best).toEqual({ confidence: 0.5, precision: 0.5, recall: 1, f1: 2 / 3 })
    expect(perClass[0].precision).toHaveLength(1000)
  })

  test('an IoU that was not evaluated is refused', () => {
    const { evaluation } = scene(truths, all)
    expect(() => evaluationCurves(evaluation, { iou: 0.3 })).toThrow('Choose one of 0.50, 0.55')
  })
})

test('error counts name the worst image first, and all of it is plain JSON', () => {
  const { gt, dt, evaluation } = scene(truths, all)
  const analysis = analyzeEvaluation({ gt, dt, evaluation, conf: 0.35 })
  expect(analysis.errors.images).toEqual([
    { imageId: 1, groundTruths: 3, truePositives: 1, falsePositives: 4, falseNegatives: 2, f1: 0.25 },
    { imageId: 2, groundTruths: 1, truePositives: 0, falsePositives: 1, falseNegatives: 1, f1: 0 },
  ])
  expect(analysis.errors.labels).toMatchObject([
    {
      label: 'class1',
      images: 2,
      truePositives: 1,
      falsePositives: 5,
      falseNegatives: 2,
      precision: 1 / 6,
      recall: 1 / 3,
    },
    { label: 'class2', images: 1, truePositives: 0, falsePositives: 0, falseNegatives: 1, precision: 1, recall: 0 },
  ])
  expect(JSON.parse(JSON.stringify(analysis))).toEqual(analysis)
  expect(analyzeEvaluation({ gt, dt, evaluation }).confusion.conf).toBeCloseTo(0.9, 2)
})
