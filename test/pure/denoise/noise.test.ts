import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { addNoise, atLevel, levelTitle, noiseLevels, noiseSchema, poisson, type SetNoise } from '@shared/domain/noise'

const set = (noise: object): SetNoise => ({ ...noiseSchema.parse(noise), id: 'gaussian', levels: [], ...noise })
function moments(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return { mean, deviation: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length) }
}
const noisy = (value: number, noise: SetNoise, seed = 0) => {
  const pixels = new Float32Array(40_000).fill(value)
  addNoise(pixels, noise, rng(seed, 'noise'))
  return pixels
}

describe('Noise', () => {
  it('is gaussian with the stated sigma, unclipped, and the same for the same seed', () => {
    const pixels = noisy(0.02, set({ sigma: 25 }))
    const { mean, deviation } = moments(pixels)
    expect(mean).toBeCloseTo(0.02, 2)
    expect(255 * deviation).toBeCloseTo(25, 0)
    expect(Math.min(...pixels)).toBeLessThan(-0.1)
    expect(noisy(0.02, set({ sigma: 25 }))).toEqual(pixels)
    expect(noisy(0.02, set({ sigma: 25 }), 1)).not.toEqual(pixels)
    expect(Math.min(...noisy(0.02, set({ sigma: 25, clip: true })))).toBe(0)
  })

  it('draws one sigma of a range for each image', () => {
    const sigmas = Array.from(
      { length: 40 },
      (_, i) => 255 * moments(noisy(0.5, set({ sigma: [10, 50] }), i)).deviation,
    )
    expect(Math.min(...sigmas)).toBeGreaterThan(9.5)
    expect(Math.max(...sigmas)).toBeLessThan(50.6)
    expect(Math.max(...sigmas) - Math.min(...sigmas)).toBeGreaterThan(25)
  })

  it('of a camera has a variance that grows with the light', () => {
    const camera = set({ id: 'poisson-gaussian', gain: 0.01, read: 2 })
    for (const light of [0, 0.1, 0.5, 0.9]) {
      const { mean, deviation } = moments(noisy(light, camera))
      expect(mean).toBeCloseTo(light, 2)
      expect(deviation).toBeCloseTo(Math.sqrt(0.01 * light + (2 / 255) ** 2), 2)
    }
  })

  it('counts as Poisson says for few and for many', () => {
    for (const mean of [0, 0.5, 4, 49, 51, 400]) {
      const random = rng('poisson', mean)
      const counts = Float32Array.from({ length: 20_000 }, () => poisson(mean, random))
      const { mean: found, deviation } = moments(counts)
      expect(Math.abs(found - mean)).toBeLessThan(0.03 * Math.sqrt(mean) + 0.01)
      expect(Math.abs(deviation - Math.sqrt(mean))).toBeLessThan(0.03 * Math.sqrt(mean) + 0.01)
      expect(counts.every(Number.isInteger)).toBe(true)
    }
  })

  it('is evaluated at what was trained on unless levels are given', () => {
    const of = (noise: object) => noiseLevels({ ...noiseSchema.parse(noise), id: 'gaussian', ...noise })
    expect(of({ sigma: 25 })).toEqual([25])
    expect(of({ sigma: [5, 30] })).toEqual([15, 25])
    expect(of({ sigma: [1, 3] })).toEqual([1, 2, 3])
    expect(of({ sigma: 25, levels: [15, 50] })).toEqual([15, 50])
    expect(of({ id: 'jpeg', quality: 40 })).toEqual([40])
    expect(of({ id: 'pairs' })).toEqual([0])
    expect(atLevel(set({ sigma: [5, 50] }), 15).sigma).toBe(15)
    expect(atLevel(set({ id: 'jpeg' }), 30).quality).toBe(30)
    expect(levelTitle('gaussian', 25)).toBe('sigma 25')
  })
})
