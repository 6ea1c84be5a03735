/** Small cases whose numbers follow from COCO's rules by hand (training facts D.8, a to j). */
import { describe, expect, test } from 'vitest'
import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { loadCocoGroundTruth, loadCocoResults } from '@shared/evaluation/load-coco'
import { resultFile, truthFile, type ResultRow, type TruthRow } from '../../helpers/coco-files'

/** The only detection that finds everything: tp / (tp + eps) in doubles. */
const one = 1 / (1 + Number.EPSILON)

function evaluate(truths: TruthRow[], results: ResultRow[], more: { images?: number[]; categories?: number[] } = {}) {
  const gt = loadCocoGroundTruth(truthFile(truths, more))
  return evaluateCoco({ gt, dt: loadCocoResults(resultFile(results), gt), iouType: 'bbox' })
}

describe('COCO oracle cases', () => {
  test('a perfect detection: 101 times 1 / (1 + eps), and small, since 10 x 10 is below 1024', () => {
    const { coco } = evaluate([[1, 1, 10, 10, 10, 10]], [[1, 1, 10, 10, 10, 10, 0.9]])
    expect(coco.AP).toBeCloseTo(one, 15)
    expect(coco).toMatchObject({ AR1: 1, AR10: 1, AR100: 1, ARs: 1, APm: -1, APl: -1, ARm: -1, ARl: -1 })
  })

  test('(a) no ground truth at all: nothing is defined', () => {
    const { stats } = evaluate([], [[1, 1, 0, 0, 10, 10, 0.9]], { images: [1], categories: [1] })
    expect(stats).toEqual(Array(12).fill(-1))
  })

  test('(b) no detections: precision and recall are 0 where there is ground truth', () => {
    const { coco } = evaluate([[1, 1, 0, 0, 40, 40]], [])
    expect(coco).toMatchObject({ AP: 0, AP50: 0, AP75: 0, APs: -1, APm: 0, APl: -1, AR1: 0, AR100: 0, ARm: 0 })
  })

  test('(c) crowds only: nothing counts, so nothing is defined', () => {
    const { stats } = evaluate([[1, 1, 0, 0, 40, 40, { crowd: true }]], [[1, 1, 0, 0, 40, 40, 0.9]])
    expect(stats).toEqual(Array(12).fill(-1))
  })

  test('(c) a crowd takes any number of detections, measured against their own area', () => {
    const { coco } = evaluate(
      [
        [1, 1, 0, 0, 50, 50],
        [1, 1, 100, 100, 200, 200, { crowd: true }],
      ],
      [
        [1, 1, 110, 110, 20, 20, 0.99],
        [1, 1, 150, 150, 20, 20, 0.98],
        [1, 1, 0, 0, 50, 50, 0.5],
      ],
    )
    // Both detections in the crowd are ignored: the third is the first that counts.
    expect(coco.AP).toBeCloseTo(one, 15)
    expect(coco.AR1).toBe(0) // ... yet the only one kept per image at one detection is ignored
    expect(coco.AR10).toBe(1)
  })

  test('(d) equal scores count in image order, whatever the order of the file', () => {
    // Two truths in image 2; image 1 has none. The false one in image 1 comes first although it stands last.
    const { coco } = evaluate(
      [[2, 1, 0, 0, 50, 50]],
      [
        [2, 1, 0, 0, 50, 50, 0.7],
        [1, 1, 0, 0, 50, 50, 0.7],
      ],
      { images: [1] },
    )
    expect(coco.AP).toBe(0.5)
  })

  test('(d) equal scores in one image count in file order', () => {
    const right: ResultRow = [1, 1, 0, 0, 50, 50, 0.7]
    const wrong: ResultRow = [1, 1, 200, 200, 50, 50, 0.7]
    expect(evaluate([[1, 1, 0, 0, 50, 50]], [right, wrong]).coco.AP).toBeCloseTo(one, 15)
    expect(evaluate([[1, 1, 0, 0, 50, 50]], [wrong, right]).coco.AP).toBe(0.5)
  })

  test('(e) an IoU of exactly .5 passes .5, and exactly .9 passes the threshold .9', () => {
    // 100 x 100 inside 100 x 50: IoU 5000 / 10000.
    const half = evaluate([[1, 1, 0, 0, 100, 100]], [[1, 1, 0, 0, 100, 50, 0.9]]).coco
    expect(half.AP50).toBeCloseTo(one, 15)
    expect(half.AP).toBeCloseTo(0.1, 15) // 1 of 10 thresholds
    expect(half.AR100).toBeCloseTo(0.1, 15)
    const ninety = evaluate([[1, 1, 0, 0, 100, 100]], [[1, 1, 0, 0, 100, 90, 0.9]]).coco
    expect(ninety.AR100).toBeCloseTo(0.9, 15) // .5 to .9, not .95
  })

  test('(e) of two truths with the same IoU the later one is taken', () => {
    // The first detection fits both truths equally and takes the second; the other detection fits only the second.
    const { coco } = evaluate(
      [
        [1, 1, 0, 0, 100, 100],
        [1, 1, 20, 0, 100, 100],
      ],
      [
        [1, 1, 10, 0, 100, 100, 0.9],
        [1, 1, 40, 0, 100, 100, 0.8],
      ],
    )
    // IoU of the second detection: with the first truth 60/140 = .43, with the second 80/120 = .67 but taken.
    expect(coco.AP50).toBeCloseTo((51 * one) / 101, 15)
  })

  test.each([
    [1024, ['APs', 'APm'], ['APl']],
    [9216, ['APm', 'APl'], ['APs']],
    [1023.9, ['APs'], ['APm', 'APl']],
  ])('(f) an area of %s is in %s', (area, inside, outside) => {
    const side = Math.sqrt(area)
    const { coco } = evaluate([[1, 1, 0, 0, side, side, { area }]], [[1, 1, 0, 0, side, side, 0.9]])
    for (const name of inside) expect(coco[name]).toBeCloseTo(one, 12)
    for (const name of outside) expect(coco[name]).toBe(-1)
  })

  test('(f) an unmatched detection outside the range is ignored there', () => {
    const { coco } = evaluate(
      [[1, 1, 0, 0, 200, 200]],
      [
        [1, 1, 300, 300, 10, 10, 0.9],
        [1, 1, 0, 0, 200, 200, 0.8],
      ],
    )
    expect(coco.AP).toBe(0.5)
    expect(coco.APl).toBeCloseTo(one, 15)
  })

  test('(g) the detection with rank 101 does not count', () => {
    const noise = Array.from({ length: 100 }, (_, i): ResultRow => [1, 1, 300, 300, 10, 10, 0.9 - i * 0.001])
    const found: ResultRow = [1, 1, 0, 0, 50, 50, 0.1]
    expect(evaluate([[1, 1, 0, 0, 50, 50]], [...noise, found]).coco).toMatchObject({ AP: 0, AR100: 0 })
    const ranked100 = evaluate([[1, 1, 0, 0, 50, 50]], [...noise.slice(1), found]).coco
    expect(ranked100.AR100).toBe(1)
    expect(ranked100.AR10).toBe(0)
    expect(ranked100.AP).toBeCloseTo(0.01, 15)
  })

  test('(h) an annotation with id 0 looks unmatched, and a warning says so', () => {
    const { coco, warnings } = evaluate([[1, 1, 0, 0, 50, 50, { id: 0 }]], [[1, 1, 0, 0, 50, 50, 0.9]])
    expect(coco).toMatchObject({ AP: 0, AR100: 0 })
    expect(warnings.map((warning) => warning.code)).toEqual(['annotation-id-zero'])
  })

  test('(i) a category without ground truth is left out of every mean, detections or not', () => {
    const { coco, perClass } = evaluate(
      [[1, 1, 0, 0, 50, 50]],
      [
        [1, 1, 0, 0, 50, 50, 0.9],
        [1, 2, 0, 0, 50, 50, 0.9],
      ],
      { categories: [2] },
    )
    expect(coco.AP).toBeCloseTo(one, 15)
    expect(perClass.map((row) => [row.label, row.groundTruths, row.detections])).toEqual([
      ['class1', 1, 1],
      ['class2', 0, 1],
    ])
    expect(perClass[1]).toMatchObject({ AP: null, AP50: null, AR100: null })
  })

  test('(j) keypoints with area 0: only a distance of 0 scores, by the 2.2e-16 added to the area', () => {
    const points = Array.from({ length: 17 }, (_, i) => [10 + i, 20, 2]).flat()
    const keypointsOf = (shift: number) => {
      const file = {
        images: [{ id: 1 }],
        categories: [{ id: 1, name: 'person' }],
        annotations: [
          {
            id: 1,
            image_id: 1,
            category_id: 1,
            bbox: [0, 0, 40, 40],
            area: 0,
            iscrowd: 0,
            keypoints: points,
            num_keypoints: 17,
          },
        ],
      }
      const moved = points.map((value, i) => (i % 3 === 0 ? value + shift : value))
      const gt = loadCocoGroundTruth(file, 'keypoints')
      const dt = loadCocoResults([{ image_id: 1, category_id: 1, score: 0.9, keypoints: moved }], gt, 'keypoints')
      return evaluateCoco({ gt, dt, iouType: 'keypoints' }).coco
    }
    expect(keypointsOf(0).AR).toBe(1)
    expect(keypointsOf(1e-3).AR).toBe(0)
    expect(keypointsOf(0).ARm).toBe(-1)
  })

  test('(j) a person without labelled points is ignored, as is what stands on it', () => {
    const none = Array(51).fill(0) as number[]
    const points = Array.from({ length: 17 }, (_, i) => [10 + i, 20, 2]).flat()
    const row = { image_id: 1, category_id: 1, iscrowd: 0, area: 5000 }
    const file = {
      images: [{ id: 1 }],
      categories: [{ id: 1, name: 'person' }],
      annotations: [
        { ...row, id: 1, bbox: [0, 0, 50, 100], keypoints: points, num_keypoints: 17 },
        { ...row, id: 2, bbox: [200, 200, 50, 100], keypoints: none, num_keypoints: 0 },
      ],
    }
    const away = points.map((value, i) => (i % 3 === 0 ? value + 210 : i % 3 === 1 ? value + 220 : value))
    const gt = loadCocoGroundTruth(file, 'keypoints')
    const results = [
      { image_id: 1, category_id: 1, score: 0.9, keypoints: away },
      { image_id: 1, category_id: 1, score: 0.8, keypoints: points },
    ]
    const { coco } = evaluateCoco({ gt, dt: loadCocoResults(results, gt, 'keypoints'), iouType: 'keypoints' })
    expect(coco.AP).toBeCloseTo(one, 15)
  })

  test('regular ground truth is never given up for a crowd with a higher overlap', () => {
    const { coco } = evaluate(
      [
        [1, 1, 0, 0, 100, 100, { crowd: true }],
        [1, 1, 0, 0, 60, 100],
      ],
      [[1, 1, 0, 0, 100, 100, 0.9]],
    )
    expect(coco.AP50).toBeCloseTo(one, 15)
    // At .75 the regular one (IoU .6) is out of reach and the crowd (1.0) takes the detection: ignored, recall 0.
    expect(coco.AP75).toBe(0)
  })
})
