/**
 * Bilateral filter: Tomasi, Manduchi, "Bilateral filtering for gray and color images", ICCV 1998. Settings by noise level
 * from Zhang, Gunturk, "Multiresolution bilateral filtering for image denoising", IEEE TIP 17(12), 2008: 11x11 window,
 * spatial sigma 1.8, range sigma 1.95 times that of the noise. Distances of colours are root mean squares of the channels.
 */
import { makePlanarImage } from '../../domain/planar-image'
import { mirror } from './common/mirror'
import { defineDenoiser } from './common/define'

const radius = 5
const spatialSigma = 1.8
const rangeFactor = 1.95
/** Beyond this many range sigmas a neighbour weighs less than e^-18. */
const reach = 6
const steps = 4096

export default defineDenoiser({
  title: 'Bilateral filter',
  source: 'Tomasi and Manduchi 1998; settings: Zhang and Gunturk 2008',
  *steps(image, { sigma }) {
    const { width, height, channels } = image
    const size = width * height
    const input = image.data
    const output = makePlanarImage(width, height, channels)
    const rangeSigma = rangeFactor * sigma
    // Weights by squared distance: a table instead of an exponential a neighbour.
    const largest = (reach * rangeSigma) ** 2
    const table = Float64Array.from({ length: steps + 1 }, (_, i) => Math.exp((-0.5 * reach ** 2 * i) / steps))
    const toStep = steps / largest / channels
    const xs = mirror(width, radius)
    const ys = mirror(height, radius)
    const sums = new Float64Array(channels)
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const here = y * width + x
        let total = 0
        sums.fill(0)
        for (let dy = -radius; dy <= radius; dy++) {
          const row = ys[y + radius + dy] * width
          for (let dx = -radius; dx <= radius; dx++) {
            const there = row + xs[x + radius + dx]
            let distance = 0
            for (let c = 0; c < size * channels; c += size) {
              const difference = input[c + there] - input[c + here]
              distance += difference * difference
            }
            const step = distance * toStep
            if (!(step <= steps)) continue
            const weight = spatial[(dy + radius) * (2 * radius + 1) + dx + radius] * table[(step + 0.5) | 0]
            total += weight
            for (let c = 0; c < channels; c++) sums[c] += weight * input[c * size + there]
          }
        }
        for (let c = 0; c < channels; c++) output.data[c * size + here] = sums[c] / total
      }
      yield (y + 1) / height
    }
    return output
  },
})

const spatial = Float64Array.from({ length: (2 * radius + 1) ** 2 }, (_, i) => {
  const dx = (i % (2 * radius + 1)) - radius
  const dy = Math.floor(i / (2 * radius + 1)) - radius
  return Math.exp(-(dx * dx + dy * dy) / (2 * spatialSigma ** 2))
})
