/** Resizing, letterbox, colour shift and packing against values derived by hand or by slow reference code. */
import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { letterboxGeometry, roundHalfEven } from '@shared/domain/letterbox'
import { modelInputSchema, yoloxInput } from '@shared/domain/model-input'
import { rng } from '@shared/base/rng'
import { allocateImages, imagePacker, packedShape } from '../../../src-worker/data/pack-pixels'
import { resizeBilinear } from '../../../src-worker/data/resize-bilinear'
import { createPixelSpace } from '../../../src-worker/data/pixel-space'
import type { PixelLayout } from '../../../src-worker/data/types'
import { emptyPicture } from './plan-pictures'

describe('resizeBilinear', () => {
  const row = (values: number[]) => ({ data: Int32Array.from(values), offset: 0, width: values.length, height: 1 })

  test('two pixels to four: centres at -.25, .25, .75, 1.25', () => {
    const target = emptyPicture(4, 1)
    resizeBilinear(row([0, 200]), target)
    expect([...target.data]).toEqual([0, 50, 150, 200])
  })
  test('four pixels to two: means of neighbours, no antialiasing beyond them', () => {
    const target = emptyPicture(2, 1)
    resizeBilinear(row([10, 30, 100, 200]), target)
    expect([...target.data]).toEqual([20, 150])
  })
  test('six to two skips pixels, as OpenCV INTER_LINEAR does', () => {
    const target = emptyPicture(2, 1)
    resizeBilinear(row([1, 90, 1, 1, 80, 1]), target)
    expect([...target.data]).toEqual([90, 80])
  })
  test('rows behave as columns, channels stay apart, alpha is dropped', () => {
    const source = { data: Int32Array.of(0x00_10_00_c8, -16777216), offset: 0, width: 1, height: 2 }
    const target = emptyPicture(1, 4)
    resizeBilinear(source, target)
    expect([...target.data]).toEqual([0x1000c8, 0x0c0096, 0x040032, 0])
  })
  test('3 x 2 to 2 x 3, by hand', () => {
    const source = { data: Int32Array.of(0, 60, 120, 120, 180, 240), offset: 0, width: 3, height: 2 }
    const target = emptyPicture(2, 3)
    resizeBilinear(source, target)
    // Columns at .25 and 1.75: 15, 105 above and 135, 225 below; rows at weights 0, 1/2, 1.
    expect([...target.data]).toEqual([15, 105, 75, 165, 135, 225])
  })
  test.each([
    [
      [7, 6],
      [
        ...[12, 148, 181, 7, 73, 134, 180, 23, 81, 127, 131, 96, 112, 154, 61, 28, 67, 227, 103, 93, 147],
        ...[172, 82, 44, 117, 43, 103, 222, 139, 104, 77, 76, 102, 118, 125, 77, 113, 117, 61, 176, 131, 9],
      ],
    ],
    [
      [3, 3],
      [80, 48, 145, 80, 173, 134, 105, 66, 93],
    ],
  ])('5 x 4 to %j as OpenCV 4.6 gives it, to the last bit', ([width, height], expected) => {
    const pixels = [12, 250, 7, 99, 180, 33, 0, 255, 64, 128, 200, 17, 90, 3, 241, 77, 140, 61, 222, 9]
    const target = emptyPicture(width, height)
    resizeBilinear({ data: Int32Array.from(pixels), offset: 0, width: 5, height: 4 }, target)
    expect([...target.data]).toEqual(expected)
  })
})

describe('letterbox', () => {
  test('YOLOX: truncated size, top left', () => {
    expect(letterboxGeometry({ width: 640, height: 479 }, { width: 416, height: 416 }, 'topleft')).toEqual({
      scale: 0.65,
      offsetX: 0,
      offsetY: 0,
      width: 416,
      height: 311,
    })
  })
  test('centred: rounded size, the odd pixel below', () => {
    // 500 x 375 to 640: 1.28, 640 x 480, 160 rows of border.
    expect(letterboxGeometry({ width: 500, height: 375 }, { width: 640, height: 640 }, 'center')).toEqual({
      scale: 1.28,
      offsetX: 0,
      offsetY: 80,
      width: 640,
      height: 480,
    })
    // 333 x 500 to 640: 426.24 -> 426, border 214 -> 107 left; 335 -> 428.8 -> 429, border 211 -> 105.5 - .1 -> 105.
    expect(letterboxGeometry({ width: 333, height: 500 }, { width: 640, height: 640 }, 'center').offsetX).toBe(107)
    expect(letterboxGeometry({ width: 335, height: 500 }, { width: 640, height: 640 }, 'center')).toMatchObject({
      width: 429,
      offsetX: 105,
    })
  })
  test('rounding is half to even', () => {
    expect([0.5, 1.5, 2.5, 2.4999, -0.5, -1.5].map(roundHalfEven)).toEqual([0, 2, 2, 2, 0, -2])
  })
  test('boxes map to the input and back', () => {
    const side = fc.integer({ min: 1, max: 5000 })
    fc.assert(
      fc.property(
        side,
        side,
        fc.constantFrom('topleft', 'center'),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (w, h, align, t) => {
          const box = letterboxGeometry({ width: w, height: h }, { width: 320, height: 320 }, align)
          const x = t * w * box.scale + box.offsetX
          expect((x - box.offsetX) / box.scale).toBeCloseTo(t * w, 6)
          expect(box.offsetX + box.width).toBeLessThanOrEqual(320)
          expect(box.offsetY + box.height).toBeLessThanOrEqual(320)
        },
      ),
    )
  })
})

/** The textbook formulas in floating point. */
function slowHsv(rgb: number[], [dh, ds, dv]: number[]): number[] {
  const [r, g, b] = rgb
  const v = Math.max(r, g, b)
  const d = v - Math.min(r, g, b)
  let h = d === 0 ? 0 : v === r ? (60 * (g - b)) / d : v === g ? 120 + (60 * (b - r)) / d : 240 + (60 * (r - g)) / d
  h = (((h / 2 + dh) % 180) + 180) % 180
  const s = Math.min(Math.max((v === 0 ? 0 : (255 * d) / v) + ds, 0), 255)
  const v2 = Math.min(Math.max(v + dv, 0), 255)
  const channel = (n: number) => {
    const k = (n + h / 30) % 6
    return v2 - ((v2 * s) / 255) * Math.max(0, Math.min(k, 4 - k, 1))
  }
  return [channel(5), channel(3), channel(1)]
}

const space = createPixelSpace(10_000)

describe('shiftHsv', () => {
  const random = rng('colours')
  const colors = [
    [0, 0, 0],
    [255, 255, 255],
    [114, 114, 114],
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
    [255, 255, 0],
    [1, 0, 0],
    ...Array.from({ length: 4000 }, () => [random.int(0, 255), random.int(0, 255), random.int(0, 255)]),
  ]
  for (const shift of [
    [0, 0, 0],
    [0, 30, 0],
    [0, -30, 12],
    [0, 30, -30],
    [5, 0, 0],
    [-5, 17, 29],
    [4, -30, -30],
    [90, 255, 10],
  ]) {
    test(`shift ${shift.join()} equals the formula within 2 levels`, () => {
      const pixels = space.data.subarray(space.start, space.start + colors.length)
      pixels.set(colors.map(([r, g, b]) => r | (g << 8) | (b << 16)))
      const at = pixels.byteOffset
      space.kernels.shiftHsv(at, at + 4 * colors.length, shift[0] / 30, shift[1], shift[2])
      let worst = 0
      colors.forEach((color, i) => {
        const want = slowHsv(color, shift)
        const got = [pixels[i] & 255, (pixels[i] >> 8) & 255, pixels[i] >> 16]
        for (let k = 0; k < 3; k++) worst = Math.max(worst, Math.abs(got[k] - want[k]))
      })
      expect(worst).toBeLessThanOrEqual(2)
      if (shift.every((s) => s === 0)) expect([...pixels]).toEqual(colors.map(([r, g, b]) => r | (g << 8) | (b << 16)))
    })
  }
})

describe('packing', () => {
  const width = 4
  const height = 2
  // Pixel (x, y) has red 10 y + x, green 100 + that, blue 200 + that.
  const value = (x: number, y: number, color: number) => 100 * color + 10 * y + x
  const pack = (layout: PixelLayout, order: 'RGB' | 'BGR', kernel = false) => {
    const out = allocateImages({ layout, type: 'uint8' }, 24)
    const packer = imagePacker(space, { layout, type: 'uint8' }, { ...yoloxInput, order }, out, 0, width, height)
    for (let y = 0; y < height; y++) {
      const row = space.row(space.rows[y], width)
      for (let x = 0; x < width; x++) row[x] = value(x, y, 0) | (value(x, y, 1) << 8) | (value(x, y, 2) << 16)
      if (!kernel) packer.row(row, y)
    }
    if (kernel) packer.pair!(space.rows[0], space.rows[1], 0)
    return [...out]
  }

  test('nhwc and nchw, both orders', () => {
    expect(pack('nhwc', 'RGB').slice(0, 6)).toEqual([0, 100, 200, 1, 101, 201])
    expect(pack('nhwc', 'BGR').slice(0, 6)).toEqual([200, 100, 0, 201, 101, 1])
    expect(pack('nchw', 'RGB').slice(0, 9)).toEqual([0, 1, 2, 3, 10, 11, 12, 13, 100])
    expect(pack('nchw', 'BGR').slice(0, 9)).toEqual([200, 201, 202, 203, 210, 211, 212, 213, 100])
  })
  test('space to depth in the order of YOLOX: TL, BL, TR, BR', () => {
    const first = [200, 100, 0, 210, 110, 10, 201, 101, 1, 211, 111, 11]
    const packed = pack('s2d-nhwc', 'BGR')
    expect(packed.slice(0, 12)).toEqual(first)
    expect(packed.slice(12)).toEqual(first.map((v) => v + 2))
    expect(pack('s2d-nhwc', 'BGR', true)).toEqual(packed)
    expect(pack('s2d-nhwc', 'RGB', true)).toEqual(pack('s2d-nhwc', 'RGB'))
    const planes = pack('s2d-nchw', 'BGR')
    expect(planes).toEqual(first.flatMap((v) => [v, v + 2]))
    expect(packedShape('s2d-nhwc', 1, width, height)).toEqual([1, 1, 2, 12])
    expect(packedShape('s2d-nchw', 1, width, height)).toEqual([1, 12, 1, 2])
  })
  test('float32 applies range, mean and std in model order', () => {
    const input = modelInputSchema.parse({ order: 'BGR', range: 1, mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 2] })
    const out = allocateImages({ layout: 'nhwc', type: 'float32' }, 3)
    imagePacker(space, { layout: 'nhwc', type: 'float32' }, input, out, 0, 1, 1).row(Int32Array.of(0x33_66_ff), 0)
    // Blue .2, green .4, red 1.
    expect([...out].map((v) => +v.toFixed(5))).toEqual([0.2, 0.8, 0.35])
  })
})
