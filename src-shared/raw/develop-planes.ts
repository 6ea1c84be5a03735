/** What the four planes of a mosaic look like: as `develop`, but a pixel of the planes is a pixel of the picture. */
import { makePlanarImage, planeOf, type PlanarImage } from '../domain/planar-image'
import { cameraToSrgb, exposureOf, gammaCurve, placer, uprightSize, whiteBalance } from './develop'
import type { Dng } from './dng'

/** How planes are shown; pictures that are compared need the same one. */
export interface PlanesLook {
  /** Factors of red, green and blue. */
  balance: readonly number[]
  /** From balanced camera values to linear sRGB, three rows. */
  matrix: readonly number[]
  exposure: number
  /** EXIF 1..8. */
  orientation: number
}

/** @param planes as `packBayer` makes them: black 0, white 1. The brightest hundredth of them may become white. */
export function planesLook(planes: PlanarImage, dng: Pick<Dng, 'neutral' | 'colorMatrix' | 'orientation'>): PlanesLook {
  const balance = whiteBalance(dng)
  const light = Float32Array.from(colours(planes, balance).flatMap((plane) => [...sparsely(plane)]))
  return {
    balance,
    matrix: cameraToSrgb(dng.colorMatrix),
    exposure: exposureOf(light),
    orientation: dng.orientation,
  }
}

/** @returns three planes of sRGB values 0..1, upright. */
export function developPlanes(
  planes: PlanarImage,
  { balance, matrix, exposure, orientation }: PlanesLook,
): PlanarImage {
  const { width, height } = planes
  const light = colours(planes, balance)
  const curve = gammaCurve()
  const size = uprightSize({ width, height }, orientation)
  const picture = makePlanarImage(size.width, size.height, 3)
  const place = placer(orientation, width, height)
  for (let c = 0; c < 3; c++) {
    const out = planeOf(picture, c)
    const [r, g, b] = matrix.slice(3 * c, 3 * c + 3)
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) {
        const value = r * light[0][i] + g * light[1][i] + b * light[2][i]
        out[place(x, y)] = curve[Math.min(4095, Math.max(0, value * exposure * 4095 + 0.5)) | 0] / 255
      }
  }
  return picture
}

/** Red, the mean of both greens, blue: balanced, and clipped at white so that burnt places have no colour. */
function colours(planes: PlanarImage, balance: readonly number[]): Float32Array[] {
  const [red, beside, above, blue] = [0, 1, 2, 3].map((c) => planeOf(planes, c))
  const clipped = (value: number, c: number) => Math.min(1, Math.max(0, value) * balance[c])
  return [
    red.map((v) => clipped(v, 0)),
    beside.map((v, i) => clipped((v + above[i]) / 2, 1)),
    blue.map((v) => clipped(v, 2)),
  ]
}

/** Every few values: enough to tell how bright a picture is. */
function* sparsely(plane: Float32Array): Generator<number> {
  const step = Math.max(1, Math.floor(plane.length / 100_000))
  for (let i = 0; i < plane.length; i += step) yield plane[i]
}
