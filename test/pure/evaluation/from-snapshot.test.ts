import { describe, expect, test } from 'vitest'
import { noFlags, type Shape } from '@shared/domain/annotation'
import type { Detection } from '@shared/domain/detection'
import type { SnapshotAnnotation, SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { loadCocoGroundTruth, loadCocoResults } from '@shared/evaluation/load-coco'
import { snapshotDetections, snapshotSigmas, snapshotTruth } from '@shared/evaluation/from-snapshot'

const points = { names: ['nose', 'tail'], edges: [], flip: [0, 1], sigmas: [0.05, 0.1] }
/** Label order and COCO order differ. */
const header: SnapshotHeader = {
  version: 1,
  task: 'detect',
  labels: [
    { name: 'ship', cocoId: 9, color: '#000000', skeleton: points },
    { name: 'buoy', cocoId: 2, color: '#ffffff' },
  ],
  samples: 2,
}
let nextId = 1
const annotation = (label: number, shape: Shape, crowd = false, area = 400): SnapshotAnnotation => ({
  id: nextId++,
  label,
  shape,
  flags: { ...noFlags, crowd },
  area,
})
const sample = (id: number, cocoImageId: number, annotations: SnapshotAnnotation[]): SnapshotSample => ({
  id,
  file: `/data/${id}.jpg`,
  name: `${id}.jpg`,
  width: 100,
  height: 80,
  split: 'test',
  cocoImageId,
  annotations,
})
const square = (x: number, y: number, side: number): Shape => ({
  kind: 'polygon',
  rings: [
    [
      [x, y],
      [x + side, y],
      [x + side, y + side],
      [x, y + side],
    ],
  ],
})
const samples = [
  sample(1, 50, [
    annotation(0, { kind: 'box', box: [10, 10, 30, 30] }),
    annotation(1, square(40, 40, 20)),
    annotation(0, { kind: 'tag' }),
  ]),
  sample(2, 8, [
    annotation(1, { kind: 'mask', mask: { size: [80, 100], counts: [80 * 5, 20, 7580] } }, true, 20),
    annotation(0, {
      kind: 'keypoints',
      keypoints: [
        [12, 14, 2],
        [20, 30, 1],
      ],
    }),
    annotation(0, {
      kind: 'keypoints',
      keypoints: [
        [0, 0, 0],
        [0, 0, 0],
      ],
      box: [50, 50, 60, 60],
    }),
  ]),
]

describe('snapshotTruth', () => {
  test('boxes: every shape that has one, images and categories by COCO id', () => {
    const gt = snapshotTruth(header, samples)
    expect(Array.from(gt.imageIds)).toEqual([8, 50])
    expect(Array.from(gt.categoryIds)).toEqual([2, 9])
    expect(gt.categoryNames).toEqual(['buoy', 'ship'])
    const rows = Array.from({ length: gt.length }, (_, i) => [
      gt.image[i],
      gt.category[i],
      gt.crowd[i],
      ...gt.box.slice(4 * i, 4 * i + 4),
    ])
    expect(rows).toEqual([
      [0, 0, 1, 5, 0, 1, 20],
      [0, 1, 0, 12, 14, 8, 16],
      [0, 1, 0, 50, 50, 10, 10],
      [1, 1, 0, 10, 10, 20, 20],
      [1, 0, 0, 40, 40, 20, 20],
    ])
  })

  test('masks: polygons and masks alone', () => {
    const gt = snapshotTruth(header, samples, 'segm')
    expect(gt.length).toBe(2)
    const runs = gt.masks!.map((mask) => Array.from(mask.counts).reduce((sum, run, i) => sum + (i % 2 ? run : 0), 0))
    expect(runs).toEqual([20, 400])
  })

  test('keypoints: a pose without points is ignored', () => {
    const gt = snapshotTruth(header, samples, 'keypoints')
    expect(gt.length).toBe(2)
    expect(Array.from(gt.ignore)).toEqual([0, 1])
    expect(Array.from(gt.keypoints!)).toEqual([12, 14, 2, 20, 30, 1, 0, 0, 0, 0, 0, 0])
    // A row for each category; points that it does not have are never labelled.
    expect(snapshotSigmas(header)).toHaveLength(4)
    expect(snapshotSigmas(header)).toEqual(expect.arrayContaining([0.05, 0.1]))
    expect(snapshotSigmas({ ...header, labels: [header.labels[1]] })).toBeUndefined()
  })
})

test('the same numbers come from the project and from its COCO files', () => {
  const found: Detection[] = [
    { label: 0, score: 0.9, box: [11, 10, 30, 30] },
    { label: 1, score: 0.9, box: [40, 41, 62, 60] },
    { label: 1, score: 0.3, box: [0, 0, 9, 9] },
  ]
  const gt = snapshotTruth(header, samples)
  const direct = evaluateCoco({ gt, dt: snapshotDetections(header, samples, new Map([[1, found]])), iouType: 'bbox' })
  const boxes = samples.flatMap((one) =>
    one.annotations
      .filter(({ shape }) => shape.kind !== 'tag')
      .map(({ id, label, flags, area }) => {
        const row = gt.id.indexOf(id)
        return {
          id,
          image_id: one.cocoImageId,
          category_id: header.labels[label].cocoId,
          bbox: Array.from(gt.box.slice(4 * row, 4 * row + 4)),
          area,
          iscrowd: flags.crowd ? 1 : 0,
        }
      }),
  )
  const truth = loadCocoGroundTruth({
    images: samples.map(({ cocoImageId }) => ({ id: cocoImageId })),
    categories: header.labels.map(({ cocoId, name }) => ({ id: cocoId, name })),
    annotations: boxes,
  })
  const results = found.map(({ label, score, box: [x1, y1, x2, y2] }) => ({
    image_id: 50,
    category_id: header.labels[label].cocoId,
    bbox: [x1, y1, x2 - x1, y2 - y1],
    score,
  }))
  const byFile = evaluateCoco({ gt: truth, dt: loadCocoResults(results, truth), iouType: 'bbox' })
  expect(direct.stats).toEqual(byFile.stats)
  expect(direct.coco.AR100).toBeGreaterThan(0)
  expect(direct.perClass).toEqual(byFile.perClass)
})

test('keypoints of detections are compared with the skeleton’s own sigmas', () => {
  const pose = (dx: number): Detection => ({
    label: 0,
    score: 0.8,
    box: [12, 14, 20, 30],
    keypoints: [
      [12 + dx, 14, 2],
      [20 + dx, 30, 2],
    ],
  })
  const gt = snapshotTruth(header, samples, 'keypoints')
  const evaluate = (dx: number) =>
    evaluateCoco({
      gt,
      dt: snapshotDetections(header, samples, new Map([[2, [pose(dx)]]]), 'keypoints'),
      iouType: 'keypoints',
      sigmas: snapshotSigmas(header),
    }).coco
  expect(evaluate(0).AR).toBe(1)
  // exp(-1 / (2 * 400 * .01)) and exp(-1 / (2 * 400 * .04)): mean .8825 + .9692 / 2 = .926, above .9 and below .95.
  expect(evaluate(1).AR).toBeCloseTo(0.9, 12)
})
