/**
 * What makes clean images noisy, on the scale 0..1 of the pixels. Every draw comes from the generator that is handed in:
 * the same seed, epoch and image give the same noise.
 */
import { z } from 'zod'
import type { Rng } from '../base/rng'

/** One value, or the ends of a range that one is drawn from for each crop. */
const range = (value: z.ZodNumber) => z.union([value, z.tuple([value, value])])

export const noiseIds = ['pairs', 'gaussian', 'poisson-gaussian', 'jpeg'] as const

export const noiseSchema = z.strictObject({
  /**
   * `pairs`: noisy images of the project beside clean ones; 'auto': pairs where the project has them, else
   * poisson-gaussian for the mosaics of camera files and gaussian for all others.
   */
  id: z.enum(['auto', ...noiseIds]).default('auto'),
  /** Gaussian: standard deviation on the scale 0..255; two numbers draw one for each crop. */
  sigma: range(z.number().min(0).max(255)).default(25),
  /** Poisson-Gaussian: variance per unit of signal on the scale 0..1, as of a camera: 1 / electrons at white. */
  gain: range(z.number().min(0).max(1)).default(0.01),
  /** Poisson-Gaussian: standard deviation of what the signal does not change, on the scale 0..255. */
  read: range(z.number().min(0).max(255)).default(2),
  /** JPEG quality, 1..100. */
  quality: range(z.int().min(1).max(100)).default([10, 60]),
  /** Values outside 0..255 are cut off, as in files of 8 bits. */
  clip: z.boolean().default(false),
  /** Sigmas (JPEG: qualities, Poisson-Gaussian: gains) to evaluate at. 'auto': what is trained on. */
  levels: z.union([z.literal('auto'), z.array(z.number().min(0)).min(1).max(20)]).default('auto'),
})
export type Noise = z.infer<typeof noiseSchema>
/** With `auto` resolved. */
export interface SetNoise extends Omit<Noise, 'id' | 'levels'> {
  id: (typeof noiseIds)[number]
  levels: number[]
}

export const draw = (value: number | readonly [number, number], rng: Rng): number =>
  typeof value === 'number' ? value : rng.uniform(value[0], value[1])

/** The levels of an evaluation; pairs have one, whatever their noise is. */
export function noiseLevels({
  id,
  levels,
  sigma,
  gain,
  quality,
}: Pick<SetNoise, 'id' | 'sigma' | 'gain' | 'quality'> & { levels: Noise['levels'] }): number[] {
  // prettier-ignore
  if (id === 'pairs') return [0]
  if (levels !== 'auto') return [...levels]
  const trained = { gaussian: sigma, 'poisson-gaussian': gain, jpeg: quality }[id]
  if (typeof trained === 'number') return [trained]
  const [low, high] = trained
  const usual = { gaussian: [15, 25, 50], 'poisson-gaussian': [], jpeg: [10, 20, 30, 40] }[id]
  const inside = usual.filter((level) => level >= low && level <= high)
  return inside.length > 0 ? inside : [...new Set([low, (low + high) / 2, high])]
}

/** The same noise with one level instead of a range. */
export function atLevel(noise: SetNoise, level: number): SetNoise {
  const key = { pairs: null, gaussian: 'sigma', 'poisson-gaussian': 'gain', jpeg: 'quality' }[noise.id]
  return key === null ? noise : { ...noise, [key]: level }
}

/** As people read it: `sigma 25`, `gain 0.01`, `quality 40`, `pairs`. */
export function levelTitle(id: SetNoise['id'], level: number): string {
  const name = { pairs: 'pairs', gaussian: 'sigma', 'poisson-gaussian': 'gain', jpeg: 'quality' }[id]
  return id === 'pairs' ? name : `${name} ${Number(level.toFixed(4))}`
}

/**
 * Adds noise in place. JPEG needs an encoder and is made where files are read.
 * @param pixels values about 0..1 (some are beyond after unclipped noise).
 */
export function addNoise(pixels: Float32Array, noise: SetNoise, rng: Rng): void {
  if (noise.id === 'gaussian') {
    const sigma = draw(noise.sigma, rng) / 255
    for (let i = 0; i < pixels.length; i++) pixels[i] += sigma * rng.normal()
  } else if (noise.id === 'poisson-gaussian') {
    // A camera counts electrons; above some dozens of them their number is normal with the variance of its mean.
    const gain = draw(noise.gain, rng)
    const read = draw(noise.read, rng) / 255
    for (let i = 0; i < pixels.length; i++) {
      const counted = gain > 0 ? gain * poisson(Math.max(0, pixels[i]) / gain, rng) : pixels[i]
      pixels[i] = counted + read * rng.normal()
    }
  }
  if (noise.clip) for (let i = 0; i < pixels.length; i++) pixels[i] = Math.min(1, Math.max(0, pixels[i]))
}

/** Knuth's method for small means, a rounded normal above 50. */
export function poisson(mean: number, rng: Rng): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * rng.normal()))
  const limit = Math.exp(-mean)
  let [count, product] = [0, rng.next()]
  while (product > limit) {
    count++
    product *= rng.next()
  }
  return count
}
