import { describe, expect, test } from 'vitest'
import { rng } from '@shared/base/rng'
import { denoisers } from '@shared/catalog/denoisers'
import { pixelMatcher, vectorMatcher } from '@shared/catalog/denoisers/bm3d/match-blocks'
import { transformBlockRows } from '@shared/catalog/denoisers/bm3d/block-rows'
import {
  bior15Matrix,
  dctMatrix,
  haarForward,
  haarInverse,
  invertMatrix,
  kaiserWindow,
} from '@shared/catalog/denoisers/bm3d/transforms'
import { makePlanarImage, type PlanarImage } from '@shared/domain/planar-image'
import { psnr } from '@shared/evaluation/psnr'

/** Edges, a gradient and a texture, 0..255. */
function scene(width: number, height: number, channels = 1): PlanarImage {
  const image = makePlanarImage(width, height, channels)
  let i = 0
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        image.data[i++] = (x + y > width ? 150 : 60) + x - 12 * c + 25 * Math.sin((x * (1 + c)) / 3 + y / 5)
  return image
}

function noisyScene(clean: PlanarImage, sigma: number): PlanarImage {
  const draw = rng('scene', sigma)
  return { ...clean, data: clean.data.map((value) => value + sigma * draw.normal()) }
}

const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0)

describe.each(denoisers.ids)('%s', (id) => {
  const { denoise } = denoisers.get(id)

  // 50 takes the other parameters of BM3D.
  test.each([
    [1, 15],
    [1, 50],
    [3, 25],
    [4, 25],
  ])('removes noise: %i channels, sigma %i', (channels, sigma) => {
    const clean = scene(40, 33, channels)
    const noisy = noisyScene(clean, sigma)
    const before = noisy.data.slice()
    const result = denoise(noisy, { sigma, range: 255 })
    expect(psnr(clean, result, 255)).toBeGreaterThan(psnr(clean, noisy, 255) + (id === 'bm3d' ? 6 : 3))
    expect(noisy.data).toEqual(before)
  })

  test('works on any scale', () => {
    const noisy = noisyScene(scene(32, 24), 20)
    const unit = { ...noisy, data: noisy.data.map((value) => value / 255) }
    const [a, b] = [denoise(noisy, { sigma: 20, range: 255 }), denoise(unit, { sigma: 20 / 255, range: 1 })]
    expect(psnr(a, { ...b, data: b.data.map((value) => value * 255) }, 255)).toBeGreaterThan(80)
  })

  test('leaves an even picture and its brightness alone, also beyond the range', () => {
    const even = makePlanarImage(24, 20, 1)
    even.data.fill(-40)
    expect(largest(denoise(even, { sigma: 20, range: 255 }).data.map((value) => value + 40))).toBeLessThan(0.01)
  })

  test('nothing to remove; settings that make no sense', () => {
    const clean = scene(16, 16)
    const same = denoise(clean, { sigma: 0, range: 255 })
    expect(same.data).toEqual(clean.data)
    expect(same.data).not.toBe(clean.data)
    expect(() => denoise(clean, { sigma: -1, range: 255 })).toThrow(/sigma -1/)
    expect(() => denoise(clean, { sigma: NaN, range: 255 })).toThrow(/sigma NaN/)
  })

  test('says how far it is', () => {
    const shares = [...denoisers.get(id).steps(scene(30, 30), { sigma: 10, range: 255 })]
    expect(shares.at(-1)).toBeCloseTo(1)
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
  })
})

describe('BM3D in parts', () => {
  test('too small', () => {
    expect(() => denoisers.get('bm3d').denoise(scene(11, 40), { sigma: 9, range: 255 })).toThrow(/has 11x40/)
  })

  test('the wavelet: unit rows, exact inverse, six details blind to a constant, one mean', () => {
    const matrix = bior15Matrix(8)
    const inverse = invertMatrix(matrix, 8)
    for (let i = 0; i < 8; i++) {
      const row = matrix.subarray(i * 8, i * 8 + 8)
      expect(row.reduce((sum, v) => sum + v * v, 0)).toBeCloseTo(1, 12)
      expect(row.reduce((sum, v) => sum + v, 0)).toBeCloseTo(i === 0 ? Math.sqrt(8) : 0, 12)
      for (let j = 0; j < 8; j++) {
        let sum = 0
        for (let k = 0; k < 8; k++) sum += matrix[i * 8 + k] * inverse[k * 8 + j]
        expect(sum).toBeCloseTo(i === j ? 1 : 0, 12)
      }
    }
    // The finest details of a 1.5 wavelet are Haar's.
    expect(Array.from(matrix.subarray(4 * 8, 4 * 8 + 3))).toEqual([-Math.SQRT1_2, Math.SQRT1_2, 0].map((v) => expect.closeTo(v, 12) as number)) // prettier-ignore
  })

  test('transformed blocks are those of the picture, row by row, in a band', () => {
    const image = scene(21, 30)
    for (const n of [8, 11]) {
      const matrix = dctMatrix(n)
      const rows = transformBlockRows(image.data, 21, 30, n, matrix, 5)
      for (const y of [3, 4, 17, 30 - n]) {
        rows.advance(y)
        for (const x of [0, 5, 21 - n]) {
          for (const [u, v] of [
            [0, 0],
            [1, 3],
            [n - 1, n - 2],
          ]) {
            // prettier-ignore
            let sum = 0
            for (let i = 0; i < n; i++)
              for (let j = 0; j < n; j++)
                sum += matrix[u * n + i] * matrix[v * n + j] * image.data[(y + i) * 21 + x + j]
            expect(rows.data[rows.at(x, y) + u * n + v]).toBeCloseTo(sum, 2)
          }
        }
      }
    }
  })

  test('both matchers give what comparing all blocks gives', () => {
    const [width, height, n] = [26, 31, 8]
    const plane = noisyScene(scene(width, height), 30).data
    const settings = { n, radius: 6, most: 16, limit: 2500 * 64 }
    const identity = Float64Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0))
    const rows = transformBlockRows(plane, width, height, n, identity, height)
    rows.advance(height)
    const [xs, ys] = [
      [0, 5, 18],
      [0, 4, 23],
    ]
    const distanceOf = (ax: number, ay: number, bx: number, by: number): number => {
      let sum = 0
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) sum += (plane[(ay + i) * width + ax + j] - plane[(by + i) * width + bx + j]) ** 2
      return sum
    }
    for (const match of [
      pixelMatcher(plane, width, height, settings),
      vectorMatcher(rows.data, rows.at, width, height, settings),
    ]) {
      const found = match(xs, ys)
      ys.forEach((y, r) =>
        xs.forEach((x, i) => {
          const all: number[] = []
          for (let by = Math.max(0, y - 6); by <= Math.min(height - n, y + 6); by++)
            for (let bx = Math.max(0, x - 6); bx <= Math.min(width - n, x + 6); bx++) {
              const distance = distanceOf(x, y, bx, by)
              if (distance <= settings.limit) all.push(distance)
            }
          const expected = all.sort((a, b) => a - b).slice(0, 16)
          const base = (r * xs.length + i) * 16
          const got = Array.from({ length: found.counts[r * xs.length + i] }, (_, k) =>
            distanceOf(x, y, found.xs[base + k], found.ys[base + k]),
          )
          expect(got).toHaveLength(expected.length)
          got.forEach((distance, k) => expect(distance).toBeCloseTo(expected[k], 4))
          expect([found.xs[base], found.ys[base]]).toEqual([x, y])
        }),
      )
    }
  })

  test('Haar keeps energy and comes back; the Kaiser window is symmetric with its peak inside', () => {
    const values = new Float32Array(8 * 5).map((_, i) => ((i * 37) % 11) - 4)
    const copy = values.slice()
    const spare = new Float32Array(40)
    haarForward(values, 8, 5, spare)
    const energy = (v: Float32Array) => v.reduce((sum, x) => sum + x * x, 0)
    expect(energy(values)).toBeCloseTo(energy(copy), 3)
    expect(values[0]).toBeCloseTo([0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, k) => sum + copy[k * 5], 0) / Math.sqrt(8), 4)
    haarInverse(values, 8, 5, spare)
    values.forEach((value, i) => expect(value).toBeCloseTo(copy[i], 4))
    const window = kaiserWindow(8, 2)
    // numpy.kaiser(8, 2)[0] ** 2 and [3] ** 2
    expect(window[0]).toBeCloseTo(0.43868 ** 2, 4)
    expect(window[3 * 8 + 3]).toBeCloseTo(window[4 * 8 + 4], 12)
  })
})
