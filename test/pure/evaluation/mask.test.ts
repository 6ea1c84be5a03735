import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeMask,
  encodeMask,
  maskArea,
  maskBox,
  maskIou,
  mergeMasks,
  rleFromString,
  rleToString,
} from '@shared/evaluation/mask'
import { rasterizeBox, rasterizePolygon } from '@shared/evaluation/rasterize-polygon'

const [height, width] = [7, 9]
const pixels = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: height * width, maxLength: height * width })
const encode = (mask: number[]) => encodeMask(mask, height, width)
const rows = (rle: ReturnType<typeof encode>) => {
  const mask = decodeMask(rle)
  const [h, w] = rle.size
  return Array.from({ length: h }, (_, y) => Array.from({ length: w }, (_, x) => '.#'[mask[x * h + y]]).join(''))
}

describe('run lengths', () => {
  test('decode inverts encode, and the string form loses nothing', () => {
    fc.assert(
      fc.property(pixels, (mask) => {
        const rle = encode(mask)
        expect(Array.from(decodeMask(rle))).toEqual(mask)
        expect(rleFromString(rleToString(rle), height, width)).toEqual(rle)
      }),
    )
  })

  test('runs of any length survive the string form', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 33 }), { maxLength: 12 }), (counts) => {
        const total = counts.reduce((a, b) => a + b, 0)
        expect(rleFromString(rleToString({ size: [total, 1], counts }), total, 1).counts).toEqual(counts)
      }),
    )
  })

  test('the string is that of the COCO format', () => {
    // 6 is one character, 48 + 6. 40 is 8 with bit 5 set ("X"), then 1. From the fourth run on it is the difference to
    // two before: 4 - 1 = 3, and 9 - 40 = -31, which is 1 with bit 5 set ("Q"), then -1 in five bits ("O").
    expect(rleToString({ size: [1, 60], counts: [6, 1, 40, 4, 9] })).toBe('61X13QO')
    expect(rleFromString('61X13QO', 1, 60).counts).toEqual([6, 1, 40, 4, 9])
  })

  test('area, box, union, intersection and IoU are those of the pixels', () => {
    fc.assert(
      fc.property(pixels, pixels, fc.boolean(), (a, b, crowd) => {
        const count = (keep: (i: number) => boolean) => a.reduce((sum, _, i) => sum + (keep(i) ? 1 : 0), 0)
        const both = count((i) => a[i] === 1 && b[i] === 1)
        const either = count((i) => a[i] === 1 || b[i] === 1)
        const own = count((i) => a[i] === 1)
        expect(maskArea(encode(a))).toBe(own)
        expect(maskArea(mergeMasks([encode(a), encode(b)]))).toBe(either)
        expect(maskArea(mergeMasks([encode(a), encode(b)], true))).toBe(both)
        expect(maskIou(encode(a), encode(b), crowd)).toBe(both === 0 ? 0 : both / (crowd ? own : either))
        const set = a.flatMap((value, i) => (value ? [[Math.floor(i / height), i % height]] : []))
        const [xs, ys] = [set.map(([x]) => x), set.map(([, y]) => y)]
        const box = set.length
          ? [
              Math.min(...xs),
              Math.min(...ys),
              Math.max(...xs) - Math.min(...xs) + 1,
              Math.max(...ys) - Math.min(...ys) + 1,
            ]
          : [0, 0, 0, 0]
        expect(maskBox(encode(a))).toEqual(box)
      }),
    )
  })

  test('masks of different sizes have IoU -1 and do not merge', () => {
    const other = encodeMask([1, 1], 2, 1)
    expect(maskIou(encode(Array(63).fill(1)), other)).toBe(-1)
    expect(() => mergeMasks([encode(Array(63).fill(1)), other])).toThrow('cannot be merged')
    expect(() => mergeMasks([])).toThrow('no mask to merge')
  })

  test('a broken string is refused with its position', () => {
    expect(() => rleFromString('6 1', 5, 5)).toThrow('position 1')
    expect(() => rleFromString('X', 5, 5)).toThrow('breaks off')
    expect(() => rleFromString('61X1', 2, 2)).toThrow('do not fit its size of 2 x 2')
    expect(() => decodeMask({ size: [2, 2], counts: [1, 9] })).toThrow('do not fit')
  })
})

describe('polygons', () => {
  test('a box on pixel borders fills exactly its pixels', () => {
    expect(rows(rasterizeBox(2, 1, 3, 2, 5, 7))).toEqual(['.......', '..###..', '..###..', '.......', '.......'])
  })

  test('a triangle, and what hangs over the border is cut', () => {
    expect(rows(rasterizePolygon([0, 0, 6, 0, 0, 6], 6, 6))).toEqual([
      '#####.',
      '####..',
      '###...',
      '##....',
      '#.....',
      '......',
    ])
    expect(rows(rasterizePolygon([-5, -5, 2, -5, 2, 20, -5, 20], 3, 4))).toEqual(['##..', '##..', '##..'])
  })

  test('direction and starting corner do not matter', () => {
    const corner = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 30 }))
    fc.assert(
      fc.property(fc.array(corner, { minLength: 3, maxLength: 8 }), fc.nat(7), (ring, shift) => {
        const turned = [...ring.slice(shift % ring.length), ...ring.slice(0, shift % ring.length)]
        const mask = rasterizePolygon(ring.flat(), 32, 42)
        expect(Array.from(rasterizePolygon(turned.flat(), 32, 42).counts)).toEqual(Array.from(mask.counts))
        expect(Array.from(rasterizePolygon([...ring].reverse().flat(), 32, 42).counts)).toEqual(Array.from(mask.counts))
      }),
    )
  })
})
