import { type Rng } from '@shared/base/rng'
import { addNoise, draw, type SetNoise } from '@shared/domain/noise'
import type { PlanarImage } from '@shared/domain/planar-image'
import { throughJpeg } from '../../data/planes'

/** A noisy copy of a clean image; not for pairs, which bring their own. */
export async function makeNoisy(clean: PlanarImage, noise: SetNoise, rng: Rng): Promise<PlanarImage> {
  if (noise.id === 'jpeg') return throughJpeg(clean, draw(noise.quality, rng))
  const noisy = { ...clean, data: clean.data.slice() }
  addNoise(noisy.data, noise, rng)
  return noisy
}
