/**
 * BM3D: Dabov, Foi, Katkovnik, Egiazarian, "Image denoising by sparse 3-D transform-domain collaborative filtering", IEEE
 * TIP 16(8), 2007, with the parameters of its normal profile. Colour as in its section on C-BM3D: blocks are grouped in
 * the luminance and every channel of an opponent space is filtered by these groups; the space is orthonormal here, so
 * that the noise is alike in all channels. The four planes of a Bayer mosaic are a colour picture of four channels.
 */
import { TagwrightError } from '../../base/errors'
import { makePlanarImage, planeOf, type PlanarImage } from '../../domain/planar-image'
import { filterStage, type StageSettings } from './bm3d/filter-stage'
import { bior15Matrix, dctMatrix } from './bm3d/transforms'
import { defineDenoiser } from './common/define'

const common = { radius: 19, kaiserBeta: 2, coarse: 0, threshold: 0 }
/** Sigma up to 40, and above. */
const usual: [StageSettings, StageSettings] = [
  { ...common, n: 8, transform: bior15Matrix(8), step: 3, group: 16, distance: 2500, threshold: 2.7 },
  { ...common, n: 8, transform: dctMatrix(8), step: 3, group: 32, distance: 400 },
]
const strong: [StageSettings, StageSettings] = [
  { ...common, n: 12, transform: dctMatrix(12), step: 4, group: 16, distance: 5000, coarse: 2, threshold: 2.8 },
  { ...common, n: 11, transform: dctMatrix(11), step: 6, group: 32, distance: 3500 },
]
const smallestSide = 12

export default defineDenoiser({
  title: 'BM3D',
  source: 'Dabov, Foi, Katkovnik and Egiazarian 2007, normal profile',
  *steps(image, { sigma, range }) {
    if (image.width < smallestSide || image.height < smallestSide) {
      throw new TagwrightError(
        'too-small',
        `BM3D needs ${smallestSide}x${smallestSide} pixels and the picture has ${image.width}x${image.height}. Use another denoiser.`,
      )
    }
    const scale = 255 / range
    const level = sigma * scale
    const [first, second] = level > 40 ? strong : usual
    const colours = opponentSpace(image.channels)
    const noisy = mix(image, colours, scale)
    const basic = yield* filterStage(noisy, null, level, first, [0, 0.4])
    const final = yield* filterStage(noisy, basic, level, second, [0.4, 1])
    return mix(final, transpose(colours), 1 / scale)
  },
})

/** Orthonormal rows, the first one the luminance. */
function opponentSpace(channels: number): number[][] {
  const [r2, r3, r6] = [2, 3, 6].map((x) => 1 / Math.sqrt(x))
  if (channels === 3)
    return [
      [r3, r3, r3],
      [r2, 0, -r2],
      [r6, -2 * r6, r6],
    ]
  // R, two greens, B.
  if (channels === 4)
    return [
      [0.5, 0.5, 0.5, 0.5],
      [r2, 0, 0, -r2],
      [0.5, -0.5, -0.5, 0.5],
      [0, r2, -r2, 0],
    ]
  return Array.from({ length: channels }, (_, i) => Array.from({ length: channels }, (_, j) => (i === j ? 1 : 0)))
}

const transpose = (matrix: number[][]): number[][] => matrix.map((_, i) => matrix.map((row) => row[i]))

function mix(image: PlanarImage, matrix: number[][], scale: number): PlanarImage {
  const mixed = makePlanarImage(image.width, image.height, image.channels)
  matrix.forEach((row, to) => {
    const target = planeOf(mixed, to)
    row.forEach((factor, from) => {
      const source = planeOf(image, from)
      if (factor !== 0) for (let i = 0; i < target.length; i++) target[i] += factor * scale * source[i]
    })
  })
  return mixed
}
