/** PSNR and SSIM of a denoiser on images: noise seeded by level and image, so that every model sees the same. */
import { rng } from '@shared/base/rng'
import { denoisers } from '@shared/catalog/denoisers'
import { atLevel, levelTitle, type SetNoise } from '@shared/domain/noise'
import { withChannels } from '@shared/domain/plane-channels'
import type { PlanarImage } from '@shared/domain/planar-image'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { meanSquaredError, psnr } from '@shared/evaluation/psnr'
import { meanQuality, type Quality, type Restoration } from '@shared/evaluation/restoration'
import { ssim } from '@shared/evaluation/ssim'
import { toPlanarImage } from '../../data/planes'
import type { Denoiser } from './denoiser'
import { cropPlanes, type PlaneCache } from './plane-cache'
import { makeNoisy } from './make-noisy'
import { runMethod } from './method-denoiser'

/** SSIM's window. */
const SMALLEST = 11

export interface Compared {
  sample: SnapshotSample
  level: number
  clean: PlanarImage
  noisy: PlanarImage
  output: PlanarImage
}

export interface EvaluateImagesOptions {
  samples: readonly SnapshotSample[]
  noise: SetNoise
  cache: PlaneCache
  /** The middle of larger images, a square of this side, px; null: whole images. */
  side: number | null
  /** Of what the images are brought to; null: as they are. */
  channels: number | null
  seed: number
  /** Ids of classical denoisers to measure beside it. They are told the noise's true deviation from the clean image. */
  classical?: readonly string[]
  signal?: AbortSignal | undefined
  onImage?(compared: Compared): Promise<void> | void
  onProgress?(done: number, total: number): void
}

/** Images that cannot be read are left out. */
export async function evaluateImages(denoiser: Denoiser, options: EvaluateImagesOptions): Promise<Restoration> {
  const { samples, noise, signal, classical = [] } = options
  const methods = [
    { id: 'noisy', title: 'noisy input' },
    { id: 'model', title: 'model' },
    ...classical.map((id) => ({ id, title: denoisers.get(id).title })),
  ]
  const levels: Restoration['levels'] = noise.levels.map((level) => ({
    level,
    title: levelTitle(noise.id, level),
    scores: [],
    perImage: [],
  }))
  let images = 0
  for (const [done, sample] of samples.entries()) {
    const pair = await load(sample, options)
    if (!pair) continue
    images++
    for (const at of levels) {
      signal?.throwIfAborted()
      const random = rng(options.seed, 'evaluate', at.level, sample.id)
      const noisy = pair.noisy ?? (await makeNoisy(pair.clean, atLevel(noise, at.level), random))
      const output = await denoiser.denoise(noisy)
      const scores = [compare(noisy, pair.clean), compare(output, pair.clean)]
      const sigma = Math.sqrt(meanSquaredError(noisy, pair.clean))
      for (const id of classical)
        scores.push(compare(await runMethod(id, noisy, sigma, () => signal?.throwIfAborted()), pair.clean))
      at.perImage.push({ sample: sample.id, name: sample.name, scores })
      await options.onImage?.({ sample, level: at.level, clean: pair.clean, noisy, output })
    }
    options.onProgress?.(done + 1, samples.length)
  }
  for (const at of levels)
    at.scores = methods.map((_, method) => meanQuality(at.perImage.map(({ scores }) => scores[method])))
  return { images, methods, levels }
}

/** Equal images have no finite PSNR: 100 dB stand for it. */
const compare = (a: PlanarImage, b: PlanarImage): Quality => ({
  psnr: Math.min(100, psnr(a, b, 1)),
  ssim: Math.min(a.width, a.height) < SMALLEST ? 0 : ssim(a, b, 1),
})

async function load(sample: SnapshotSample, { cache, noise, side, channels }: EvaluateImagesOptions) {
  const pair = await cache.get(sample, noise.id === 'pairs')
  if (!pair) return null
  const { width, height } = pair.clean
  const part = (stored: typeof pair.clean) => {
    const to = channels ?? stored.channels
    if (side === null || Math.min(width, height) <= side) return withChannels(toPlanarImage(stored), to)
    const at = { x: (width - side) >> 1, y: (height - side) >> 1, side, turn: 0, channels: to }
    return cropPlanes(stored, at)
  }
  return { clean: part(pair.clean), noisy: pair.noisy ? part(pair.noisy) : null }
}
