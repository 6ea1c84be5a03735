/** What stands behind a number: as many objects as the number says, on cases full of ties, crowds and limits. */
import { describe, expect, test } from 'vitest'
import { analyzeEvaluation } from '@shared/evaluation/analyze-evaluation'
import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { imageCounts, labelCounts } from '@shared/evaluation/label-counts'
import { loadCocoGroundTruth, loadCocoResults } from '@shared/evaluation/load-coco'
import { matchPairs } from '@shared/evaluation/match-pairs'
import { packObjects, unpackObjects, type ObjectSet } from '@shared/evaluation/object-set'
import { objectIndex, selectObjects } from '@shared/evaluation/select-objects'
import { tideErrors } from '@shared/evaluation/tide'
import { resultFile, truthFile } from '../../helpers/coco-files'
import { randomCase } from '../../helpers/random-coco'

const seeds = Array.from({ length: 40 }, (_, i) => i)

function scene(seed: number): ObjectSet {
  const { truths, results, images, categories } = randomCase(seed)
  // The id 0 reads as "not matched" in pycocotools: a number that no object can explain.
  const numbered = truths.map((row, i): (typeof truths)[number] => {
    const more = row[6] as object | undefined
    return [row[0], row[1], row[2], row[3], row[4], row[5], { ...more, id: i + 1 }] as (typeof truths)[number]
  })
  const gt = loadCocoGroundTruth(truthFile(numbered, { images, categories }))
  const dt = loadCocoResults(resultFile(results), gt)
  return {
    gt,
    dt,
    images: Array.from(gt.imageIds, (id) => ({
      sample: id,
      cocoImageId: id,
      name: `${id}.jpg`,
      width: 640,
      height: 480,
    })),
    labels: Array.from(gt.categoryIds, (cocoId, k) => ({ name: gt.categoryNames[k], cocoId, color: '#000000' })),
  }
}

describe('objects behind an evaluation', () => {
  test.each(seeds)('are matched as pycocotools matches (case %i)', (seed) => {
    const { gt, dt } = scene(seed)
    const { matches } = evaluateCoco({ gt, dt, iouType: 'bbox' })
    matches.params.iouThresholds.forEach((threshold, t) => {
      const { truth } = matchPairs(gt, dt, { iou: threshold })
      matches.order.forEach((row, at) => {
        const isHit = truth[row] >= 0 && gt.ignore[truth[row]] === 0
        expect([row, t, isHit]).toEqual([row, t, ((matches.hit[0][at] >>> t) & 1) === 1])
      })
    })
  })

  test.each(seeds)('are as many as every cell, error and count says (case %i)', (seed) => {
    const set = scene(seed)
    const { gt, dt } = set
    const evaluation = evaluateCoco({ gt, dt, iouType: 'bbox' })
    const { confusion, tide, errors } = analyzeEvaluation({ gt, dt, evaluation })
    const index = objectIndex(set)
    const count = (selection: Parameters<typeof selectObjects>[1]) =>
      selectObjects(index, selection, confusion.conf).length
    const background = confusion.labels.length - 1
    const cell = (k: number) => (k === background ? null : k)
    confusion.counts.forEach((row, predicted) =>
      row.forEach((n, truth) => {
        if (predicted === background && truth === background) return
        expect(count({ kind: 'cell', predicted: cell(predicted), truth: cell(truth) })).toBe(n)
      }),
    )
    for (const type of tideErrors) expect(count({ kind: 'tide', type, conf: 0 })).toBe(tide.errors[type].count)
    errors.labels.forEach((row, label) => {
      const of = (outcome: 'right' | 'wrong' | 'missed' | 'truth') =>
        count({ kind: 'outcome', outcome, label, conf: errors.conf, iou: 0.5 })
      expect([of('right'), of('wrong'), of('missed'), of('truth')]).toEqual([
        row.truePositives,
        row.falsePositives,
        row.falseNegatives,
        row.groundTruths,
      ])
    })
    expect(labelCounts(index, errors)).toEqual(errors.labels)
    const byId = new Map(errors.images.map(({ imageId, ...rest }) => [imageId, rest]))
    expect(imageCounts(index, errors)).toEqual(Array.from(gt.imageIds, (id) => byId.get(id)))
    const wrong = errors.images.reduce((sum, one) => sum + one.falsePositives + one.falseNegatives, 0)
    expect(count({ kind: 'worst', conf: errors.conf })).toBe(wrong)
  })

  test.each(seeds.slice(0, 10))('come back from storage to the last bit (case %i)', (seed) => {
    const set = scene(seed)
    const back = unpackObjects(packObjects(set))
    const scores = ({ gt, dt }: ObjectSet) => {
      const evaluation = evaluateCoco({ gt, dt, iouType: 'bbox' })
      return [evaluation.stats, evaluation.perClass, analyzeEvaluation({ gt, dt, evaluation })]
    }
    expect(scores(back)).toEqual(scores(set))
    expect([back.images, back.labels]).toEqual([set.images, set.labels])
  })
})
