/** Errors of points in px, PCK, and suppression by the similarity of points. */
import { describe, expect, it } from 'vitest'
import type { Detection } from '@shared/domain/detection'
import { poseBox } from '@shared/domain/pose-box'
import { objectPoints } from '@shared/domain/skeleton'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { evaluatePose } from '@shared/evaluation/evaluate-pose'
import { oksNms } from '@shared/evaluation/oks-nms'
import { pointSigmas } from '@shared/evaluation/point-sigmas'

const skeleton = { names: ['nose', 'left ear', 'right ear'], edges: [], flip: [], sigmas: [] }
const header: Pick<SnapshotHeader, 'labels'> = { labels: [{ name: 'dog', cocoId: 1, color: '#000000', skeleton }] }
const flags = { difficult: false, truncated: false, occluded: false, crowd: false }
const truth = (id: number, keypoints: [number, number, 0 | 1 | 2][], box: [number, number, number, number]) => ({
  id,
  label: 0,
  shape: { kind: 'keypoints' as const, keypoints, box },
  box,
  flags,
  area: (box[2] - box[0]) * (box[3] - box[1]),
})
const sample: SnapshotSample = {
  id: 7,
  file: '',
  name: '',
  width: 400,
  height: 200,
  split: 'val',
  cocoImageId: 7,
  annotations: [
    truth(1, [[20, 20, 2], [40, 20, 1], [0, 0, 0]], [0, 0, 100, 60]),
    truth(2, [[220, 20, 2], [240, 20, 2], [260, 40, 2]], [200, 0, 300, 60]),
    truth(3, [[320, 120, 2], [340, 120, 2], [360, 140, 2]], [310, 100, 390, 160]),
  ],
} // prettier-ignore
const found = (score: number, box: [number, number, number, number], keypoints: [number, number, number][]): Detection => ({ label: 0, score, box, keypoints }) // prettier-ignore

describe('Errors of points', () => {
  it('match each detection with the most similar object, and rank the worst point first', () => {
    const detections = [
      // Far off in the first point, and near in the second one; the third is not labelled.
      found(0.9, [0, 0, 100, 60], [[20, 50, 1], [44, 23, 1], [0, 0, 0]]),
      found(0.8, [200, 0, 300, 60], [[220, 22, 1], [240, 20, 1], [266, 48, 1]]),
      // A second answer for an object that has one, and one nobody would see: both change nothing.
      found(0.5, [200, 0, 300, 60], [[220, 20, 1], [240, 20, 1], [260, 40, 1]]),
      found(0.1, [310, 100, 390, 160], [[320, 120, 1], [340, 120, 1], [360, 140, 1]]),
    ] // prettier-ignore
    const report = evaluatePose(header, [sample], new Map([[7, detections]]))
    expect(report).toMatchObject({ objects: 3, found: 2 })
    expect(report.points.map(({ point, labelled, found: n }) => [point, labelled, n])).toEqual([
      ['nose', 3, 2],
      ['right ear', 2, 1],
      ['left ear', 3, 2],
    ])
    // Distances 30, 5, 2, 0 and 10.
    expect(report.mean).toBeCloseTo(47 / 5, 12)
    expect(report.median).toBe(5)
    expect(report.p95).toBeCloseTo(10 + 0.8 * 20, 12)
    const value = (unit: string, threshold: number) => report.pck.find((one) => one.unit === unit && one.threshold === threshold)!.value // prettier-ignore
    // Eight labelled points; boxes are 100 px long. The missed object's points are outside.
    expect(value('px', 10)).toBe(4 / 8)
    expect(value('px', 5)).toBe(3 / 8)
    expect(value('box', 0.05)).toBe(3 / 8)
    expect(value('box', 0.1)).toBe(4 / 8)
    expect(report.points[0]).toMatchObject({ median: 16, pck: 1 / 3 })
  })

  it('says that nothing was found', () => {
    const report = evaluatePose(header, [sample], new Map())
    expect(report).toMatchObject({ objects: 3, found: 0, mean: null, median: null, p95: null })
    expect(report.pck.every(({ value }) => value === 0)).toBe(true)
  })
})

describe('Suppression by points', () => {
  it('keeps two poses whose boxes lie on each other, and drops the repeated one', () => {
    const boxes = Float64Array.from([0, 0, 50, 80, 2, 0, 50, 80, 0, 0, 50, 80])
    const points = Float64Array.from([10, 10, 1, 10, 70, 1, 40, 10, 1, 40, 70, 1, 11, 10, 1, 10, 71, 1])
    const rows = { boxes, points, pointCount: 2, scores: Float64Array.from([0.9, 0.8, 0.7]), classes: [0, 0, 0] }
    expect([...oksNms(rows, { oks: 0.5, maxDet: 10, sigmas: [[0.05, 0.05]] })]).toEqual([0, 1])
    expect([...oksNms({ ...rows, classes: [0, 0, 1] }, { oks: 0.5, maxDet: 10, sigmas: [[0.05, 0.05], [0.05, 0.05]] })]).toEqual([0, 1, 2]) // prettier-ignore
  })
})

describe('What a skeleton leaves open', () => {
  it('sigmas: COCO for 17 points, else one for all', () => {
    expect(pointSigmas({ names: ['a', 'b'], sigmas: [] })).toEqual([0.05, 0.05])
    expect(pointSigmas({ names: ['a', 'b'], sigmas: [0.1, 0.2] })).toEqual([0.1, 0.2])
    expect(pointSigmas({ names: Array<string>(17).fill(''), sigmas: [] })[5]).toBeCloseTo(0.079, 12)
    expect(pointSigmas({ names: Array<string>(100).fill(''), sigmas: [] })[5]).toBe(0.01)
  })
  it('flip pairs: by the names', () => {
    expect(objectPoints(header.labels)).toEqual({ count: 3, flip: [[0, 2, 1]] })
    expect(objectPoints([{ skeleton: { ...skeleton, flip: [1, 0, 2] } }, {}]).flip).toEqual([[1, 0, 2], [0, 1, 2]]) // prettier-ignore
  })
  it('boxes: around the labelled points, inside the image', () => {
    const image = { width: 200, height: 100 }
    expect(poseBox([[50, 50, 2], [90, 60, 1], [0, 0, 0]], image)).toEqual([44, 44, 96, 66]) // prettier-ignore
    expect(poseBox([[1, 50, 2]], image)).toEqual([0, 46, 5, 54])
    expect(poseBox([[1, 50, 0]], image)).toBeNull()
  })
})
