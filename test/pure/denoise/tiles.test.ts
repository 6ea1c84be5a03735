import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { makePlanarImage, type PlanarImage } from '@shared/domain/planar-image'
import { cut, runTiled, tileStarts, tileWeights } from '@shared/domain/tiles'

function noise(width: number, height: number, channels: number): PlanarImage {
  const random = rng('tiles')
  const image = makePlanarImage(width, height, channels)
  image.data.forEach((_, i) => (image.data[i] = random.next()))
  return image
}

/** Mean of a square of side 2 radius + 1; what lies outside counts as zero, as a padded convolution has it. */
function box(image: PlanarImage, radius: number): PlanarImage {
  const { width, height, channels } = image
  const out = makePlanarImage(width, height, channels)
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let sum = 0
        for (let dy = -radius; dy <= radius; dy++)
          for (let dx = -radius; dx <= radius; dx++) {
            const [a, b] = [x + dx, y + dy]
            if (a >= 0 && b >= 0 && a < width && b < height) sum += image.data[(c * height + b) * width + a]
          }
        out.data[(c * height + y) * width + x] = sum / (2 * radius + 1) ** 2
      }
  return out
}
const apart = (a: PlanarImage, b: PlanarImage) =>
  a.data.reduce((most, v, i) => Math.max(most, Math.abs(v - b.data[i])), 0)

describe('Tiles', () => {
  const tiling = { tile: 32, unit: 4, margin: 3, blend: 5 }

  it('begin at multiples of the stride, reach both ends and overlap enough', () => {
    for (const length of [32, 36, 48, 60, 64, 100, 400]) {
      const starts = tileStarts(length, tiling)
      expect(starts[0]).toBe(0)
      expect(starts.at(-1)).toBe(length - 32)
      starts.forEach((start, i) => {
        expect(start % 4).toBe(0)
        if (i > 0) expect(starts[i - 1] + 32 - start).toBeGreaterThanOrEqual(2 * 3 + 5)
      })
    }
    expect(tileStarts(20, tiling)).toEqual([0])
  })

  it('count everywhere, and not where a network misses their surroundings', () => {
    const length = 100
    const sum = new Float32Array(length)
    for (const start of tileStarts(length, tiling)) {
      const weights = tileWeights(start, 32, length, tiling)
      if (start > 0) expect([...weights.subarray(0, 3)]).toEqual([expect.closeTo(0), expect.closeTo(0), expect.closeTo(0)]) // prettier-ignore
      weights.forEach((w, i) => (sum[start + i] += w))
    }
    expect(Math.min(...sum)).toBeGreaterThan(0.1)
  })

  it('give what the whole image gives, where the field of view is no wider than the margin', async () => {
    const image = noise(83, 61, 2)
    let most = 0
    const made = await runTiled(image, { ...tiling, unit: 1 }, async (tile) => {
      most = Math.max(most, tile.width, tile.height)
      return box(tile, 3)
    })
    expect(most).toBe(32)
    expect(apart(made, box(image, 3))).toBeLessThan(1e-6)
    // The margin is needed: with a wider field the seams show.
    const wide = await runTiled(image, { ...tiling, unit: 1, margin: 0 }, async (tile) => box(tile, 6))
    expect(apart(wide, box(image, 6))).toBeGreaterThan(1e-3)
  })

  it('leave no seam: an image that nothing changes comes back, whatever its size', async () => {
    for (const [w, h] of [
      [7, 5],
      [32, 33],
      [90, 31],
      [131, 77],
    ] as const) {
      // prettier-ignore
      const image = noise(w, h, 1)
      for (const fixed of [false, true]) {
        const sides = new Set<number>()
        const made = await runTiled(
          image,
          tiling,
          async (tile) => (sides.add(tile.width).add(tile.height), tile),
          fixed,
        )
        expect([made.width, made.height]).toEqual([w, h])
        expect(apart(made, image)).toBeLessThan(1e-6)
        for (const side of sides) expect(side % 4).toBe(0)
        if (fixed) expect([...sides]).toEqual([32])
      }
    }
  })

  it('mirror what lies beyond the edge, the edge itself once', () => {
    const row = makePlanarImage(3, 1, 1)
    row.data.set([1, 2, 3])
    expect([...cut(row, -2, 0, 8, 1).data]).toEqual([3, 2, 1, 2, 3, 2, 1, 2])
    const dot = makePlanarImage(1, 1, 1)
    dot.data[0] = 7
    expect([...cut(dot, 0, 0, 2, 2).data]).toEqual([7, 7, 7, 7])
  })
})
