import { TagwrightError } from '../../../base/errors'
import type { PlanarImage } from '../../../domain/planar-image'

export interface DenoiseSettings {
  /** Standard deviation of the noise, in the picture's own scale. */
  sigma: number
  /** Distance of white from black in the picture's own scale: 1, 255, white level - black level. */
  range: number
}

/** Yields the share that is done, 0..1, every some milliseconds, so that a caller may do other things or stop. */
export type DenoiseSteps = (image: PlanarImage, settings: DenoiseSettings) => Generator<number, PlanarImage>

/** A denoiser that needs no training. Its file's name is its id in tables and on the command line. */
export interface DenoiserDef {
  title: string
  /** The publication that it follows. */
  source: string
  /**
   * A new picture of the same size; the input is not changed and nothing is clipped. Sigma 0 gives a copy. All channels
   * are denoised together and are taken to carry the same noise.
   */
  steps: DenoiseSteps
  /** The same at once. */
  denoise(image: PlanarImage, settings: DenoiseSettings): PlanarImage
}

/** @throws TagwrightError `bad-settings` from `denoise` and `steps` for a sigma or range that is no number. */
export function defineDenoiser(def: Omit<DenoiserDef, 'denoise'>): DenoiserDef {
  const steps: DenoiseSteps = function* (image, settings) {
    const { sigma, range } = settings
    if (!(sigma >= 0 && sigma < Infinity && range > 0 && range < Infinity)) {
      throw new TagwrightError(
        'bad-settings',
        `${def.title} cannot work with sigma ${sigma} and range ${range}. Give a sigma of 0 or more and a range above 0.`,
      )
    }
    return sigma === 0 ? { ...image, data: image.data.slice() } : yield* def.steps(image, settings)
  }
  return {
    ...def,
    steps,
    denoise(image, settings) {
      const work = steps(image, settings)
      for (;;) {
        const step = work.next()
        if (step.done) return step.value
      }
    },
  }
}
