/** Every output format to the same boxes, and the way from the network's pixels to the image's. */
import { describe, expect, test } from 'vitest'
import { decodeOutput, type DecodeOptions } from '../../../src-worker/predict/decode-output'
import { toDetections } from '../../../src-worker/predict/detector'
import { letterboxGeometry } from '@shared/domain/letterbox'

const at = (format: DecodeOptions['format'], image = 0): DecodeOptions => ({
  format,
  image,
  conf: 0.25,
  width: 64,
  height: 32,
})
/** Boxes of two classes: centre, size, objectness, class probabilities. The grid of 64 x 32 has 32 + 8 + 2 cells. */
const boxes = Array.from({ length: 42 }, () => [0, 0, 0, 0, 0, 0, 0])
boxes[9] = [12, 12, 8, 4, 0.5, 0.25, 1]
boxes[41] = [48, 16, 32, 64, 1, 0.75, 0.75]
const want = {
  count: 2,
  boxes: Float32Array.of(8, 10, 16, 14, 32, -16, 64, 48),
  scores: Float32Array.of(0.5, 0.75),
  classes: Int32Array.of(1, 0),
}

describe('the same boxes', () => {
  test('decoded rows, in the second image of a batch too', () => {
    const image = boxes.flat()
    const data = Float32Array.from([...image.map(() => 0), ...image])
    expect(decodeOutput({ data, dims: [2, 42, 7] }, at('centre-objectness-classes', 1))).toEqual(want)
    expect(decodeOutput({ data, dims: [2, 42, 7] }, at('centre-objectness-classes', 0)).count).toBe(0)
  })

  test('the raw grid of YOLOX', () => {
    // Cell 9 is column 1, row 1 of stride 8; cell 41 is column 1, row 0 of stride 32.
    const raw = boxes.map((row) => [...row])
    raw[9].splice(0, 4, 0.5, 0.5, Math.log(1), Math.log(0.5))
    raw[41].splice(0, 4, 0.5, 0.5, Math.log(1), Math.log(2))
    const got = decodeOutput({ data: Float32Array.from(raw.flat()), dims: [1, 42, 7] }, at('yolox-grid'))
    expect(got.classes).toEqual(want.classes)
    want.boxes.forEach((v, i) => expect(got.boxes[i]).toBeCloseTo(v, 4))
  })

  test('columns without objectness', () => {
    const data = new Float32Array(6 * 42)
    boxes.forEach(([cx, cy, w, h, objectness, a, b], i) =>
      [cx, cy, w, h, objectness * a, objectness * b].forEach((v, row) => (data[row * 42 + i] = v)),
    )
    expect(decodeOutput({ data, dims: [1, 6, 42] }, at('centre-classes-columns'))).toEqual(want)
  })

  test('suppressed rows and lists', () => {
    const rows = Float32Array.of(8, 10, 16, 14, 0.5, 1, 32, -16, 64, 48, 0.75, 0, 0, 0, 0, 0, 0, 0)
    expect(decodeOutput({ data: rows, dims: [1, 3, 6] }, at('corners-score-class'))).toEqual(want)
    const list = Float32Array.of(0, 1, 0.5, 8, 10, 16, 14, 1, 0, 0.9, 0, 0, 1, 1, 0, 0, 0.75, 32, -16, 64, 48)
    expect(decodeOutput({ data: list, dims: [3, 7] }, at('listed'))).toEqual(want)
    expect(decodeOutput({ data: new Float32Array(0), dims: [0, 7] }, at('listed')).count).toBe(0)
  })

  test('what is not a number, infinite or of a negative class stays out', () => {
    const rows = Float32Array.of(
      NaN,
      0,
      9,
      9,
      0.9,
      0,
      0,
      0,
      Infinity,
      9,
      0.9,
      0,
      0,
      0,
      9,
      9,
      NaN,
      0,
      0,
      0,
      9,
      9,
      0.9,
      -1,
    )
    expect(decodeOutput({ data: rows, dims: [1, 4, 6] }, at('corners-score-class')).count).toBe(0)
  })

  test('a score of exactly the limit is not above it', () => {
    const rows = Float32Array.of(0, 0, 9, 9, 0.25, 0, 0, 0, 9, 9, Math.fround(0.25 + 1e-7), 0)
    expect(decodeOutput({ data: rows, dims: [1, 2, 6] }, at('corners-score-class')).count).toBe(1)
  })
})

describe('into image pixels', () => {
  const thresholds = { conf: 0.25, iou: 0.5, maxDet: 10 }
  const one = (...box: number[]) => ({
    count: 1,
    boxes: Float32Array.from(box),
    scores: Float32Array.of(0.5),
    classes: Int32Array.of(0),
  })
  const image = { width: 100, height: 50 }

  test.each(['topleft', 'center'] as const)('%s: the frame of the picture is the frame of the image', (align) => {
    const box = letterboxGeometry(image, { width: 64, height: 64 }, align)
    const found = one(box.offsetX, box.offsetY, box.offsetX + 64, box.offsetY + 32)
    expect(toDetections(found, { ...image, ...boxOf(box) }, thresholds, false)[0].box).toEqual([0, 0, 100, 50])
  })

  test('boxes end at the image; what lies in the border goes', () => {
    const place = { ...image, scale: 1, offsetX: 0, offsetY: 0 }
    expect(toDetections(one(-10, 20, 30, 80), place, thresholds, false)[0].box).toEqual([0, 20, 30, 50])
    expect(toDetections(one(10, 51, 30, 60), place, thresholds, false)).toEqual([])
  })

  const boxOf = ({ scale, offsetX, offsetY }: ReturnType<typeof letterboxGeometry>) => ({ scale, offsetX, offsetY })
})
