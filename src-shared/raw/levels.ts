import type { Dng } from './dng'
import { badRaw } from './tiff-tree'

/** Levels given from outside stand for those of the file, at every pixel. */
export interface GivenLevels {
  black?: number
  white?: number
}

export interface Levels {
  /** Linear value of black at a pixel of the active area. */
  black(x: number, y: number): number
  white: number
  /** What stored values stand for; null: themselves. */
  linearization: Uint16Array | null
  /** The largest value that can be stored. */
  most: number
}

/** @throws TagwrightError `bad-raw` when white is not above black. */
export function levelsOf(dng: Dng, given: GivenLevels = {}): Levels {
  const white = given.white ?? dng.white
  const { rows, columns, values } = dng.black
  const { blackByColumn, blackByRow } = dng
  const highest = given.black ?? Math.max(...values.slice(0, 4096))
  if (!(white > highest)) throw badRaw(`would have the white level ${white} at a black level of ${highest}`, 'Give other levels with --black and --white.') // prettier-ignore
  const { black: level } = given
  return {
    black:
      level !== undefined
        ? () => level
        : (x, y) => values[(y % rows) * columns + (x % columns)] + (blackByColumn[x] ?? 0) + (blackByRow[y] ?? 0),
    white,
    linearization: dng.linearization,
    most: 2 ** dng.bits - 1,
  }
}

/** Stored values to linear ones; values beyond the table take its last entry (DNG 1.7, LinearizationTable). */
export const linear = ({ linearization }: Levels, value: number): number =>
  linearization ? linearization[Math.min(value, linearization.length - 1)] : value

/**
 * The stored value whose linear value is nearest to `value`; without a table `value` rounded into what can be stored.
 * Tables ascend.
 */
export function stored({ linearization, most }: Levels, value: number): number {
  if (!linearization) return Math.min(most, Math.max(0, Math.round(value)))
  let [low, high] = [0, Math.min(linearization.length - 1, most)]
  while (low < high) {
    const middle = (low + high) >> 1
    if (linearization[middle] < value) low = middle + 1
    else high = middle
  }
  return low > 0 && value - linearization[low - 1] <= linearization[low] - value ? low - 1 : low
}
