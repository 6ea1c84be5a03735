/** read(write(x)) = x for every format and shape, on data sets that fast-check makes up. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Shape } from '@shared/domain/annotation'
import type { DatasetAnnotation, DatasetChunk } from '@shared/domain/dataset'
import { shapeBox } from '@shared/domain/shape-box'
import { comparable, roundTrip } from '../../helpers/memory-dataset'

const width = 640
const height = 512
const coordinate = (limit: number) =>
  fc.oneof(fc.integer({ min: 0, max: limit }), fc.double({ min: 0, max: limit, noNaN: true }))
const box = fc
  .tuple(coordinate(width), coordinate(height), coordinate(width), coordinate(height))
  .map(([a, b, c, d]): [number, number, number, number] => [
    Math.min(a, c),
    Math.min(b, d),
    Math.max(a, c),
    Math.max(b, d),
  ])
  .filter(([x1, y1, x2, y2]) => x2 - x1 > 0.01 && y2 - y1 > 0.01)
const ring = fc
  .array(fc.tuple(coordinate(width), coordinate(height)), { minLength: 3, maxLength: 12 })
  .filter((points) => {
    const [x1, y1, x2, y2] = shapeBox({ kind: 'polygon', rings: [points] })!
    return x2 - x1 > 0.01 && y2 - y1 > 0.01
  })
const keypoint = fc.tuple(coordinate(width), coordinate(height), fc.constantFrom(1 as const, 2 as const))
const absent = fc.constant<[number, number, 0]>([0, 0, 0])
const shapes = {
  box: box.map((box): Shape => ({ kind: 'box', box })),
  polygon: fc.array(ring, { minLength: 1, maxLength: 3 }).map((rings): Shape => ({ kind: 'polygon', rings })),
  oneRing: ring.map((ring): Shape => ({ kind: 'polygon', rings: [ring] })),
  keypoints: fc.record({ kind: fc.constant('keypoints' as const), keypoints: fc.array(fc.oneof(keypoint, absent), { minLength: 4, maxLength: 4 }), box }),
  mask: fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
    .chain(([h, w]) => fc.array(fc.boolean(), { minLength: h * w, maxLength: h * w }).map((pixels) => ({ h, w, pixels })))
    .filter(({ pixels }) => pixels.includes(true))
    .map(({ h, w, pixels }): Shape => {
      const counts = [0]
      pixels.forEach((pixel, i) => (pixel === (i > 0 && pixels[i - 1]) ? counts[counts.length - 1]++ : counts.push(1)))
      return { kind: 'mask', mask: { size: [h, w], counts } }
    }),
  rotatedBox: fc
    .tuple(fc.integer({ min: 200, max: 400 }), fc.integer({ min: 200, max: 300 }), fc.integer({ min: 5, max: 200 }), fc.integer({ min: 5, max: 200 }), fc.integer({ min: -179, max: 180 }))
    .map((rotatedBox): Shape => ({ kind: 'rotated-box', rotatedBox })),
} // prettier-ignore

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((text) => text.trim() === text && !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text))
const flags = fc.record(
  { difficult: fc.constant(true), truncated: fc.constant(true), occluded: fc.constant(true) },
  { requiredKeys: [] },
)

function datasets(shape: fc.Arbitrary<Shape>, { sized = true, withFlags = true, ids = false } = {}): fc.Arbitrary<DatasetChunk> {
  return fc
    .record({
      names: fc.uniqueArray(name, { minLength: 1, maxLength: 5 }),
      samples: fc.array(fc.record({ split: fc.constantFrom('train', 'val', 'test'), shapes: fc.array(fc.tuple(shape, fc.nat(), flags), { maxLength: 4 }), reviewed: fc.boolean() }), { minLength: 1, maxLength: 4 }),
    })
    .map(({ names, samples }) => {
      const annotations: DatasetAnnotation[] = []
      const chunk: DatasetChunk = { labels: names.map((name, i) => ({ key: `k${i}`, name, ...(ids ? { cocoId: 3 * i } : {}) })), annotations }
      chunk.samples = samples.map(({ split, shapes, reviewed }, i) => {
        const key = `s${i}`
        for (const [shape, pick, flags] of shapes) {
          annotations.push({ sample: key, label: `k${pick % names.length}`, shape, ...(withFlags && Object.keys(flags).length ? { flags } : {}), ...(ids ? { area: 1.5, extra: { coco: { id: annotations.length + 1 } } } : {}) })
        }
        return { key, path: `photo ${i}.jpg`, split, ...(sized || shapes.length ? { width, height } : {}), ...(withFlags && reviewed ? { reviewed } : {}), ...(ids ? { cocoImageId: 7 * i } : {}) }
      })
      return chunk
    }) as fc.Arbitrary<DatasetChunk>
} // prettier-ignore

const sizesOf = (chunk: DatasetChunk) =>
  Object.fromEntries(chunk.samples!.map((sample) => [sample.path, { width, height }]))

/** Numbers may differ by so much, in pixels or degrees; everything else must be equal. */
function expectClose(actual: unknown, expected: unknown, tolerance: number): void {
  if (typeof expected === 'number' && typeof actual === 'number')
    return expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance)
  if (typeof expected !== 'object' || expected === null) return expect(actual).toEqual(expected)
  expect(Object.keys(actual as object).sort()).toEqual(Object.keys(expected).sort())
  for (const [key, value] of Object.entries(expected))
    expectClose((actual as Record<string, unknown>)[key], value, tolerance)
}

describe('Pascal VOC', () => {
  it('keeps boxes to the last bit, flags, splits and names', async () => {
    await fc.assert(
      fc.asyncProperty(datasets(shapes.box), async (chunk) => {
        const { read } = await roundTrip('voc', chunk, sizesOf(chunk))
        expect(comparable(read)).toEqual(comparable(chunk))
      }),
    )
  })
  it('keeps rotated boxes', async () => {
    await fc.assert(
      fc.asyncProperty(datasets(shapes.rotatedBox), async (chunk) => {
        const { read } = await roundTrip('voc', chunk, sizesOf(chunk))
        expectClose(comparable(read), comparable(chunk), 1e-9)
      }),
    )
  })
})

describe('YOLO', () => {
  const options = { sized: false, withFlags: false }
  it.each([
    ['boxes', shapes.box, {}],
    ['polygons', shapes.oneRing, {}],
    ['poses', shapes.keypoints, {}],
    ['rotated boxes', shapes.rotatedBox, { task: 'obb' }],
  ])('keeps %s to nine decimals', async (_, shape, formatOptions) => {
    await fc.assert(
      fc.asyncProperty(datasets(shape, options), async (chunk) => {
        const { read, sink } = await roundTrip('yolo', chunk, sizesOf(chunk), formatOptions)
        const [after, before] = [comparable(read), comparable(chunk)]
        // What a pose format adds to the labels is tested by the examples; equal rows are written once.
        after.labels.forEach((label) => delete label.skeleton)
        fc.pre(!sink.issues.some((issue) => issue.code === 'duplicate-row'))
        expectClose(angles(after), angles(before), 1e-4)
      }),
    )
  })
  it('writes what it read, byte for byte', async () => {
    // At the very border the last decimal may point outside, and clipping changes it.
    const inner = shapes.box.map((shape): Shape =>
      shape.kind === 'box'
        ? {
            kind: 'box',
            box: [shape.box[0] * 0.9 + 1, shape.box[1] * 0.9 + 1, shape.box[2] * 0.9 + 1, shape.box[3] * 0.9 + 1],
          }
        : shape,
    )
    await fc.assert(
      fc.asyncProperty(datasets(inner, options), async (chunk) => {
        const first = await roundTrip('yolo', chunk, sizesOf(chunk))
        const sizes = Object.fromEntries(first.read.samples.map((sample) => [sample.path, { width, height }]))
        expect((await roundTrip('yolo', first.read, sizes)).sink.files).toEqual(first.sink.files)
      }),
    )
  })
  /** -180 and 180 degrees are one direction. */
  function angles(data: ReturnType<typeof comparable>) {
    for (const { annotations } of data.samples) {
      for (const { shape } of annotations)
        if (shape.kind === 'rotated-box')
          shape.rotatedBox[4] = (Math.round(shape.rotatedBox[4] * 1e4) / 1e4 + 360) % 360
    }
    return data
  }
})

describe('COCO', () => {
  it.each([
    ['boxes', shapes.box],
    ['polygons', shapes.polygon],
    ['masks', shapes.mask],
    ['keypoints', shapes.keypoints],
    ['all of them mixed', fc.oneof(shapes.box, shapes.polygon, shapes.keypoints)],
  ])('keeps %s, ids and order', async (_, shape) => {
    await fc.assert(
      fc.asyncProperty(datasets(shape as fc.Arbitrary<Shape>, { ids: true }), async (chunk) => {
        const { read } = await roundTrip('coco', chunk, sizesOf(chunk))
        const [after, before] = [comparable(read), comparable(chunk)]
        // Classes without a skeleton get one of unnamed points; skeletons are tested by the examples.
        after.labels.forEach((label) => delete label.skeleton)
        // A box is written as corner and size: the far corner may move by the last bit.
        expectClose(after, before, 1e-12 * width)
      }),
    )
  })
})

describe('formats of other tools', () => {
  const pose = fc.array(fc.oneof(keypoint, absent), { minLength: 4, maxLength: 4 }).filter((points) => points.some(([, , v]) => v > 0)) // prettier-ignore
  const noBox = pose.map((keypoints): Shape => ({ kind: 'keypoints', keypoints }))
  it.each([
    ['createml', 'boxes', shapes.box, {}],
    ['cvat', 'boxes', shapes.box, {}],
    ['cvat', 'polygons', shapes.oneRing, {}],
    ['cvat', 'poses', noBox, {}],
    ['cvat', 'rotated boxes', shapes.rotatedBox, {}],
    ['labelme', 'boxes', shapes.box, {}],
    ['labelme', 'polygons', shapes.polygon, {}],
    ['labelme', 'poses', shapes.keypoints, {}],
    ['labelme', 'poses without boxes', noBox, {}],
    ['labelme', 'rotated boxes', shapes.rotatedBox, {}],
    ['label-studio', 'boxes', shapes.box, {}],
    ['label-studio', 'polygons', shapes.polygon, {}],
    ['label-studio', 'poses', shapes.keypoints, {}],
    ['label-studio', 'rotated boxes', shapes.rotatedBox, {}],
  ])('%s keeps %s', async (id, _, shape, options) => {
    const withFlags = id !== 'createml'
    await fc.assert(
      fc.asyncProperty(datasets(shape as fc.Arbitrary<Shape>, { withFlags }), async (chunk) => {
        const skeleton = { names: ['a', 'b', 'c', 'd'], edges: [], flip: [], sigmas: [] }
        if (chunk.annotations!.some(({ shape }) => shape.kind === 'keypoints')) chunk.labels!.forEach((label) => (label.skeleton = skeleton)) // prettier-ignore
        // CVAT has no mark for a reviewed image.
        if (id === 'cvat') chunk.samples!.forEach((sample) => delete sample.reviewed)
        const { read } = await roundTrip(id, chunk, sizesOf(chunk), options)
        const [after, before] = [comparable(read), comparable(chunk)]
        for (const data of [after, before]) {
          data.labels.forEach((label) => delete label.skeleton)
          for (const sample of data.samples) {
            // The size of the image itself counts where a format states none.
            delete sample.width
            delete sample.height
            for (const { shape } of sample.annotations) if (shape.kind === 'rotated-box') shape.rotatedBox[4] = (Math.round(shape.rotatedBox[4] * 1e6) / 1e6 + 360) % 360 // prettier-ignore
          }
        }
        expectClose(after, before, 1e-9)
      }),
      { numRuns: 40 },
    )
  })
})
