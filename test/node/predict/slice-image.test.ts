import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sliceImage } from '../../../src-worker/predict/slice-image'

test('an image that fits is one slice', () => {
  expect(sliceImage({ width: 300, height: 200 }, null)).toEqual([{ x: 0, y: 0, width: 300, height: 200 }])
  expect(sliceImage({ width: 300, height: 200 }, { size: 300, overlap: 0.2 })).toHaveLength(1)
})

test('full squares, the last ones moved inside, then the whole image', () => {
  const slices = sliceImage({ width: 1000, height: 400 }, { size: 400, overlap: 0.25 })
  expect(slices.map(({ x }) => x)).toEqual([0, 300, 600, 0])
  expect(slices.at(-1)).toEqual({ x: 0, y: 0, width: 1000, height: 400 })
})

test('every pixel is covered, neighbours overlap as asked, nothing reaches outside', () => {
  const side = fc.integer({ min: 1, max: 700 })
  fc.assert(
    fc.property(
      side,
      side,
      fc.integer({ min: 32, max: 300 }),
      fc.double({ min: 0, max: 0.9, noNaN: true }),
      (width, height, size, overlap) => {
        const slices = sliceImage({ width, height }, { size, overlap })
        for (const s of slices) {
          expect(s.x >= 0 && s.y >= 0 && s.x + s.width <= width && s.y + s.height <= height).toBe(true)
        }
        const parts = slices.length > 1 ? slices.slice(0, -1) : slices
        const check = (starts: number[], length: number, total: number) => {
          expect(starts[0]).toBe(0)
          expect(starts.at(-1)! + length).toBe(total)
          starts
            .slice(1)
            .forEach((at, i) => expect(starts[i] + length - at).toBeGreaterThanOrEqual(Math.floor(size * overlap)))
        }
        const rising = (values: number[]) => [...new Set(values)].sort((a, b) => a - b)
        check(rising(parts.map(({ x }) => x)), parts[0].width, width)
        check(rising(parts.map(({ y }) => y)), parts[0].height, height)
      },
    ),
    { numRuns: 200 },
  )
})
