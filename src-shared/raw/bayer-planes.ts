/**
 * A Bayer mosaic as four planes of half the size, in the order of RGGB: red, green beside red, green beside blue, blue.
 * Whatever the filter of the camera is, plane pixels lie as in RGGB: a mosaic that begins with another colour is
 * continued by a mirrored row or column in front.
 */
import { makePlanarImage, planeOf, type PlanarImage } from '../domain/planar-image'
import type { Dng } from './dng'
import { levelsOf, linear, stored, type GivenLevels, type Levels } from './levels'

/** Pixels in front of the active area that make its filter RGGB, 0 or 1 each. */
export function bayerOffset(pattern: Dng['pattern']): { x: number; y: number } {
  const red = pattern.indexOf(0)
  return { x: red % 2, y: red >> 1 }
}

/**
 * The active area: 0 is black, 1 is white; values below black stay negative and nothing is clipped, so that the mean of
 * the noise stays 0.
 *
 * @param mosaic of `decodeMosaic`.
 * @returns four channels of ceil((width + x) / 2) by ceil((height + y) / 2), x and y of `bayerOffset`.
 */
export function packBayer(mosaic: Uint16Array, dng: Dng, given: GivenLevels = {}): PlanarImage {
  const levels = levelsOf(dng, given)
  const { active } = dng
  const offset = bayerOffset(dng.pattern)
  const planes = makePlanarImage(Math.ceil((active.width + offset.x) / 2), Math.ceil((active.height + offset.y) / 2), 4)
  for (let phase = 0; phase < 4; phase++) {
    const plane = planeOf(planes, phase)
    const xs = Int32Array.from({ length: planes.width }, (_, i) => inside(2 * i + (phase & 1) - offset.x, active.width))
    for (let j = 0; j < planes.height; j++) {
      const y = inside(2 * j + (phase >> 1) - offset.y, active.height)
      const row = (active.y + y) * dng.width + active.x
      for (let i = 0; i < xs.length; i++) {
        const black = levels.black(xs[i], y)
        plane[j * planes.width + i] = (linear(levels, mosaic[row + xs[i]]) - black) / (levels.white - black)
      }
    }
  }
  return planes
}

/**
 * Undoes {@link packBayer}: rounded to what can be stored. Pixels outside the active area stay as they are, and so do
 * stored values that already stand for the nearest linear value.
 *
 * @returns a new mosaic; `mosaic` is not changed.
 */
export function unpackBayer(planes: PlanarImage, mosaic: Uint16Array, dng: Dng, given: GivenLevels = {}): Uint16Array {
  const levels: Levels = levelsOf(dng, given)
  const { active } = dng
  const offset = bayerOffset(dng.pattern)
  const result = mosaic.slice()
  for (let y = 0; y < active.height; y++) {
    for (let x = 0; x < active.width; x++) {
      const [px, py] = [x + offset.x, y + offset.y]
      const phase = (py & 1) * 2 + (px & 1)
      const value = planes.data[(phase * planes.height + (py >> 1)) * planes.width + (px >> 1)]
      const black = levels.black(x, y)
      const at = (active.y + y) * dng.width + active.x + x
      const level = value * (levels.white - black) + black
      // Several stored values may stand for one linear value.
      const same = Math.abs(linear(levels, mosaic[at]) - level) < 0.01
      result[at] = same ? mosaic[at] : stored(levels, level)
    }
  }
  return result
}

/** Mirrored so that the colour stays: about the first and the last pixel, which are not repeated. */
const inside = (at: number, length: number): number => (at < 0 ? -at : at >= length ? 2 * length - 2 - at : at)

/** A window of plane pixels: even pixels of the mosaic, so that the filter stays RGGB. */
export function cropBayer(planes: PlanarImage, x: number, y: number, width: number, height: number): PlanarImage {
  const crop = makePlanarImage(width, height, planes.channels)
  for (let c = 0; c < planes.channels; c++) {
    for (let row = 0; row < height; row++) {
      const from = (c * planes.height + y + row) * planes.width + x
      crop.data.set(planes.data.subarray(from, from + width), (c * height + row) * width)
    }
  }
  return crop
}

/**
 * Mirrors or transposes what the planes show, as if the mosaic were: a mirrored mosaic loses its first and last column
 * (row), which makes it RGGB again, so that the result has one plane column (row) less; each plane keeps its place
 * between the others. Mirroring every plane by itself would move colours by a pixel against each other.
 */
export function flipBayer(planes: PlanarImage, how: 'horizontal' | 'vertical' | 'transpose'): PlanarImage {
  const { width, height } = planes
  if (how === 'transpose') {
    const turned = makePlanarImage(height, width, 4)
    // The two greens change places.
    ;[0, 2, 1, 3].forEach((from, to) => {
      const [source, target] = [planeOf(planes, from), planeOf(turned, to)]
      for (let y = 0; y < width; y++) for (let x = 0; x < height; x++) target[y * height + x] = source[x * width + y]
    })
    return turned
  }
  const across = how === 'horizontal'
  const flipped = makePlanarImage(width - (across ? 1 : 0), height - (across ? 0 : 1), 4)
  for (let phase = 0; phase < 4; phase++) {
    const [source, target] = [planeOf(planes, phase), planeOf(flipped, phase)]
    // The columns of the second and fourth plane lie right of the others': one of them is gone already.
    const lastX = across ? width - 1 - (phase & 1) : 0
    const lastY = across ? 0 : height - 1 - (phase >> 1)
    for (let y = 0; y < flipped.height; y++) {
      const row = (across ? y : lastY - y) * width
      for (let x = 0; x < flipped.width; x++) target[y * flipped.width + x] = source[row + (across ? lastX - x : x)]
    }
  }
  return flipped
}
