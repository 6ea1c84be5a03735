/** Denoisers that need no training, as trained ones are used. */
import { setImmediate as breathe } from 'node:timers/promises'
import { denoisers } from '@shared/catalog/denoisers'
import type { PlanarImage } from '@shared/domain/planar-image'

/** Work between breaths, ms: heartbeats and an abort get their turn. */
const SLICE = 50

/**
 * @param sigma on the scale 0..255.
 * @throws TagwrightError `unknown-id`.
 */
export function methodDenoiser({ id, sigma }: { id: string; sigma: number }) {
  denoisers.get(id)
  return {
    // Whole images of any number of channels.
    channels: 0,
    tiling: { tile: 0, unit: 1, margin: 0, blend: 0 },
    fixed: false,
    denoise: (image: PlanarImage) => runMethod(id, image, sigma / 255),
    close: () => Promise.resolve(),
  }
}

/** @param image values about 0..1; @param sigma on the same scale; `stop` throws to end the work. */
export async function runMethod(
  id: string,
  image: PlanarImage,
  sigma: number,
  stop?: () => void,
): Promise<PlanarImage> {
  const work = denoisers.get(id).steps(image, { sigma, range: 1 })
  for (let begun = performance.now(); ;) {
    const step = work.next()
    if (step.done) return step.value
    if (performance.now() - begun < SLICE) continue
    await breathe()
    stop?.()
    begun = performance.now()
  }
}
