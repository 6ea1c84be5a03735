import { makePlanarImage, planeOf, type PlanarImage } from '../../../domain/planar-image'
import { transformBlockRows, type BlockRows } from './block-rows'
import { estimateRows } from './estimate-rows'
import { pixelMatcher, vectorMatcher, type Matcher, type MatchSettings } from './match-blocks'
import { haarForward, haarInverse } from './transforms'

export interface StageSettings {
  /** Side of a block. */
  n: number
  /** Of the blocks' rows and columns, n x n. */
  transform: Float64Array
  /** Pixels between reference blocks. */
  step: number
  /** Half side of the window that is searched. */
  radius: number
  /** Largest group, a power of two. */
  group: number
  /** Largest squared distance a pixel of a match, at a range of 255. */
  distance: number
  /** Blocks are compared after hard thresholding at this many sigmas; 0: pixel by pixel. */
  coarse: number
  /** Hard threshold in sigmas; not used by the Wiener stage. */
  threshold: number
  kaiserBeta: number
}

/** Rows of references whose matches are searched together. */
const rowsTogether = 12

/**
 * One stage of BM3D on pictures with a range of 255: groups of like blocks, shrinkage of their 3-D transforms, weighted
 * mean of all estimates of a pixel. Without `basic` coefficients are thresholded and blocks are compared in `noisy`;
 * with it, blocks are compared in `basic`, which also gives the Wiener shrinkage. The first channel is compared. Yields
 * shares from `begin` to `end`.
 */
export function* filterStage(
  noisy: PlanarImage,
  basic: PlanarImage | null,
  sigma: number,
  settings: StageSettings,
  [begin, end]: [number, number],
): Generator<number, PlanarImage> {
  const { width, height, channels } = noisy
  const { n, step, radius, transform, group, distance } = settings
  const xs = referencePositions(width - n, step)
  const ys = referencePositions(height - n, step)
  const band = 2 * radius + 1
  const channelRows = (image: PlanarImage): BlockRows[] =>
    Array.from({ length: channels }, (_, c) => transformBlockRows(planeOf(image, c), width, height, n, transform, band))
  const noisyRows = channelRows(noisy)
  const basicRows = basic && channelRows(basic)
  const matching: MatchSettings = { n, radius, most: group, limit: distance * n * n }
  const coarse = basic === null && settings.coarse > 0 ? thresholdRows(noisyRows[0], width, n, band, settings.coarse * sigma) : null // prettier-ignore
  const match: Matcher = coarse
    ? vectorMatcher(coarse.data, noisyRows[0].at, width, height, matching)
    : pixelMatcher(planeOf(basic ?? noisy, 0), width, height, matching)

  const shrink = makeShrinkage(n, sigma, settings)
  const estimate = makePlanarImage(width, height, channels)
  const weights = makePlanarImage(width, height, channels)
  const estimates = Array.from({ length: channels }, (_, c) =>
    estimateRows(width, height, n, transform, settings.kaiserBeta, band, planeOf(estimate, c), planeOf(weights, c)),
  )
  // Vectors are there for one row of references at a time.
  const together = coarse ? 1 : rowsTogether
  for (let first = 0; first < ys.length; first += together) {
    const some = ys.slice(first, first + together)
    const found = coarse ? null : match(xs, some)
    for (const [r, y] of some.entries()) {
      for (const rows of [...noisyRows, ...(basicRows ?? [])]) rows.advance(y + radius)
      coarse?.advance(Math.min(y + radius, height - n))
      for (const rows of estimates) rows.retire(y - radius)
      const matches = found ?? match(xs, [y])
      for (let i = 0; i < xs.length; i++) {
        const reference = r * xs.length + i
        const base = reference * matches.most
        const count = 1 << (31 - Math.clz32(matches.counts[reference]))
        for (let c = 0; c < channels; c++) {
          const weight = shrink.run(noisyRows[c], basicRows?.[c] ?? null, matches.xs, matches.ys, base, count)
          for (let k = 0; k < count; k++) {
            estimates[c].add(shrink.group, k * n * n, matches.xs[base + k], matches.ys[base + k], weight)
          }
        }
      }
      yield begin + ((end - begin) * (y + 1)) / (height - n + 1)
    }
  }
  for (const rows of estimates) rows.retire(Infinity)
  for (let i = 0; i < estimate.data.length; i++) estimate.data[i] /= weights.data[i]
  return estimate
}

/** Every `step`-th position and the last one, so that every pixel is covered. */
function referencePositions(last: number, step: number): number[] {
  const positions: number[] = []
  for (let at = 0; at < last; at += step) positions.push(at)
  return [...positions, last]
}

/** The coefficients of a band with the small ones set to 0. */
function thresholdRows(rows: BlockRows, width: number, n: number, band: number, threshold: number) {
  const data = new Float32Array(rows.data.length)
  const rowLength = (width - n + 1) * n * n
  let next = 0
  return {
    data,
    advance(last: number) {
      for (; next <= last; next++) {
        const start = (next % band) * rowLength
        for (let i = start; i < start + rowLength; i++) {
          data[i] = Math.abs(rows.data[i]) > threshold ? rows.data[i] : 0
        }
      }
    },
  }
}

/** Gathers a group, shrinks its 3-D transform and leaves the 2-D transforms of the estimates in `group`. */
function makeShrinkage(n: number, sigma: number, settings: StageSettings) {
  const length = n * n
  const group = new Float32Array(settings.group * length)
  const pilot = new Float32Array(settings.group * length)
  const spare = new Float32Array(settings.group * length)
  const variance = sigma * sigma
  const threshold = settings.threshold * sigma

  const gather = (
    rows: BlockRows,
    xs: Int32Array,
    ys: Int32Array,
    base: number,
    count: number,
    to: Float32Array,
  ): void => {
    // prettier-ignore
    for (let k = 0; k < count; k++) {
      const start = rows.at(xs[base + k], ys[base + k])
      const target = k * length
      for (let i = 0; i < length; i++) to[target + i] = rows.data[start + i]
    }
    haarForward(to, count, length, spare)
  }
  return {
    group,
    /** Returns the weight of the group's estimates: one over the noise that is left in them, relative. */
    run(
      noisy: BlockRows,
      basic: BlockRows | null,
      xs: Int32Array,
      ys: Int32Array,
      base: number,
      count: number,
    ): number {
      // prettier-ignore
      gather(noisy, xs, ys, base, count, group)
      const total = count * length
      let left = 0
      if (basic) {
        gather(basic, xs, ys, base, count, pilot)
        for (let i = 0; i < total; i++) {
          const power = pilot[i] * pilot[i]
          const factor = power / (power + variance)
          group[i] *= factor
          left += factor * factor
        }
        left = Math.max(left, 1e-6)
      } else {
        for (let i = 0; i < total; i++) {
          if (Math.abs(group[i]) > threshold) left++
          else group[i] = 0
        }
        left = Math.max(left, 1)
      }
      haarInverse(group, count, length, spare)
      return 1 / left
    },
  }
}
