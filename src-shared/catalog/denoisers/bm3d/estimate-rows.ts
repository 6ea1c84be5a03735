import { blockMultiplier } from './multiply-block'
import { invertMatrix, kaiserWindow } from './transforms'

/**
 * The weighted mean of all estimates of a pixel. Estimates of one block position are added up as transforms, which are
 * linear, and go back to pixels once, when the band of rows has moved past them.
 */
export interface EstimateRows {
  /** Adds `weight` times the n * n values of `group` from `from` on, for the block at (x, y) of the band. */
  add(group: Float32Array, from: number, x: number, y: number, weight: number): void
  /** Rows above `first` get no more estimates. */
  retire(first: number): void
}

/** @param estimate,weights planes to which the weighted sums and the weights are added. */
export function estimateRows(
  width: number,
  height: number,
  n: number,
  transform: Float64Array,
  kaiserBeta: number,
  band: number,
  estimate: Float32Array,
  weights: Float32Array,
): EstimateRows {
  const columns = width - n + 1
  const length = n * n
  const sums = new Float32Array(band * columns * length)
  const totals = new Float32Array(band * columns)
  const inverse = invertMatrix(transform, n)
  const window = kaiserWindow(n, kaiserBeta)
  const multiplier = blockMultiplier(n)
  const block = new Float64Array(length)
  const half = new Float64Array(length)
  let next = 0
  return {
    add(group, from, x, y, weight) {
      const position = (y % band) * columns + x
      totals[position] += weight
      for (let i = 0, at = position * length; i < length; i++) sums[at + i] += weight * group[from + i]
    },
    retire(first) {
      for (; next < Math.min(first, height - n + 1); next++) {
        for (let x = 0; x < columns; x++) {
          const position = (next % band) * columns + x
          const total = totals[position]
          if (total === 0) continue
          totals[position] = 0
          for (let i = 0, at = position * length; i < length; i++) {
            block[i] = sums[at + i]
            sums[at + i] = 0
          }
          multiplier.columns(inverse, block, 0, half, 0)
          multiplier.rows(inverse, half, 0, block, 0)
          for (let i = 0; i < length; i++) {
            const pixel = (next + Math.floor(i / n)) * width + x + (i % n)
            estimate[pixel] += window[i] * block[i]
            weights[pixel] += window[i] * total
          }
        }
      }
    },
  }
}
