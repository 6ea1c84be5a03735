/**
 * Non-local means, one weight a pixel: Buades, Coll, Morel, "A non-local algorithm for image denoising", CVPR 2005.
 * Patch, window and filtering parameter by noise level: Buades, Coll, Morel, "Non-local means denoising", IPOL 1, 2011,
 * its tables for grey and colour; even patches, weights exp(-max(d^2 - 2 sigma^2, 0) / h^2).
 */
import { makePlanarImage, type PlanarImage } from '../../domain/planar-image'
import { mirror } from './common/mirror'
import { defineDenoiser } from './common/define'

interface Level {
  /** Up to this noise, at a range of 255. */
  sigma: number
  /** Half side of the patch and of the window. */
  patch: number
  window: number
  /** h = factor * sigma. */
  factor: number
}

const grey: Level[] = [
  { sigma: 15, patch: 1, window: 10, factor: 0.4 },
  { sigma: 30, patch: 2, window: 10, factor: 0.4 },
  { sigma: 45, patch: 3, window: 17, factor: 0.35 },
  { sigma: 75, patch: 4, window: 17, factor: 0.35 },
  { sigma: Infinity, patch: 5, window: 17, factor: 0.3 },
]
const colour: Level[] = [
  { sigma: 25, patch: 1, window: 10, factor: 0.55 },
  { sigma: 55, patch: 2, window: 17, factor: 0.4 },
  { sigma: Infinity, patch: 3, window: 17, factor: 0.35 },
]

export default defineDenoiser({
  title: 'Non-local means',
  source: 'Buades, Coll and Morel 2005; settings: IPOL 2011',
  *steps(image, { sigma, range }) {
    const { width, height, channels } = image
    const level = (channels === 1 ? grey : colour).find((entry) => (sigma * 255) / range <= entry.sigma)!
    const { patch, window } = level
    const margin = patch + window
    const padded = pad(image, margin)
    const h2 = (level.factor * sigma) ** 2
    const free = 2 * sigma * sigma
    const area = channels * (2 * patch + 1) ** 2
    const size = width * height
    const total = new Float32Array(size)
    const sums = makePlanarImage(width, height, channels)
    // One displacement at a time: its squared differences, their sums over patches from running sums, a weight a pixel.
    const squares = new Float64Array((width + 2 * patch) * (height + 2 * patch))
    for (let dy = -window; dy <= window; dy++) {
      for (let dx = -window; dx <= window; dx++) {
        squareDifferences(padded, window, patch, dx, dy, squares, width, height)
        sumColumns(squares, width + 2 * patch, height, patch)
        addDisplaced(padded, margin, dx, dy, squares, patch, total, sums, (distance) => {
          const excess = distance / area - free
          return excess > 0 ? Math.exp(-excess / h2) : 1
        })
        yield ((dy + window) * (2 * window + 1) + dx + window + 1) / (2 * window + 1) ** 2
      }
    }
    for (let c = 0; c < channels; c++) for (let i = 0; i < size; i++) sums.data[c * size + i] /= total[i]
    return sums
  },
})

function pad(image: PlanarImage, margin: number): PlanarImage {
  const { width, height, channels, data } = image
  const padded = makePlanarImage(width + 2 * margin, height + 2 * margin, channels)
  const xs = mirror(width, margin)
  const ys = mirror(height, margin)
  let at = 0
  for (let c = 0; c < channels; c++) {
    for (const y of ys) {
      const row = (c * height + y) * width
      for (let x = 0; x < xs.length; x++) padded.data[at++] = data[row + xs[x]]
    }
  }
  return padded
}

/** Summed over channels, for the picture and `patch` pixels around it. */
function squareDifferences(
  { width: stride, height: paddedHeight, channels, data }: PlanarImage,
  window: number,
  patch: number,
  dx: number,
  dy: number,
  to: Float64Array,
  width: number,
  height: number,
): void {
  const columns = width + 2 * patch
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height + 2 * patch; y++) {
      const here = (c * paddedHeight + y + window) * stride + window
      const there = here + dy * stride + dx
      const row = y * columns
      for (let x = 0; x < columns; x++) {
        const difference = data[here + x] - data[there + x]
        to[row + x] = c === 0 ? difference * difference : to[row + x] + difference * difference
      }
    }
  }
}

/** In place: row y becomes the sum of rows y .. y + 2 patch. */
function sumColumns(squares: Float64Array, columns: number, height: number, patch: number): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns; x++) {
      let sum = 0
      for (let i = 0, at = y * columns + x; i <= 2 * patch; i++, at += columns) sum += squares[at]
      squares[y * columns + x] = sum
    }
  }
}

function addDisplaced(
  { width: stride, height: paddedHeight, data }: PlanarImage,
  margin: number,
  dx: number,
  dy: number,
  columnsSum: Float64Array,
  patch: number,
  total: Float32Array,
  sums: PlanarImage,
  weigh: (distance: number) => number,
): void {
  const { width, height, channels } = sums
  const columns = width + 2 * patch
  for (let y = 0; y < height; y++) {
    const row = y * columns
    for (let x = 0; x < width; x++) {
      let distance = 0
      for (let i = 0; i <= 2 * patch; i++) distance += columnsSum[row + x + i]
      const weight = weigh(distance)
      const here = y * width + x
      total[here] += weight
      for (let c = 0; c < channels; c++) {
        const there = (c * paddedHeight + y + margin + dy) * stride + x + margin + dx
        sums.data[c * width * height + here] += weight * data[there]
      }
    }
  }
}
