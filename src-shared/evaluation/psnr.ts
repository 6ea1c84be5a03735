import { checkSameSize, type PlanarImage } from '../domain/planar-image'

/**
 * Mean of the squared differences over all pixels and channels, in double precision.
 *
 * @throws TagwrightError `size-mismatch`.
 */
export function meanSquaredError(a: PlanarImage, b: PlanarImage): number {
  checkSameSize(a, b)
  let sum = 0
  for (let i = 0; i < a.data.length; i++) {
    const difference = a.data[i] - b.data[i]
    sum += difference * difference
  }
  return sum / a.data.length
}

/**
 * Peak signal-to-noise ratio in dB: 10 log10(range^2 / MSE), MSE over all pixels and channels together. Values are taken
 * as they are, neither clipped nor rounded to 8 bits, which is how BM3D's and DnCNN's tables are computed for grey
 * pictures. Infinity for equal pictures.
 *
 * The PSNR of a set is the mean of its pictures' values, not the PSNR of their mean error.
 *
 * @param range the distance of white from black in the pictures' own scale: 1 or 255 (RAW: white level - black level).
 * @throws TagwrightError `size-mismatch`.
 */
export function psnr(a: PlanarImage, b: PlanarImage, range: number): number {
  return 10 * Math.log10((range * range) / meanSquaredError(a, b))
}
