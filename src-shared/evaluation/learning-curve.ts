/**
 * What a score does as data grows: an inverse power law, score(n) = top - loss (n / at)^-rate, whose rise slows down and
 * ends at `top`. Power laws describe learning curves of networks (Hestness et al., "Deep Learning Scaling is Predictable,
 * Empirically", 2017, arXiv:1712.00409) and are the form that fits best most often in the review of Viering and Loog
 * ("The Shape of Learning Curves: a Review", 2022, arXiv:2103.10948), which also warns of curves that do not follow it.
 *
 * A handful of points cannot tell three numbers well, so the rate has a prior, and instead of one curve there are many:
 * each is fitted to scores as they would be on other images and after other draws, with a rate drawn from the prior as its
 * anchor (randomise-then-optimise, Bardsley et al. 2014, doi:10.1137/140964023). Where data say little, their spread is
 * that of the prior.
 */
import { rng, type Rng } from '../base/rng'

/** Parts of one curve; `loss` is what is still missing to `top` at the largest amount that was measured. */
export interface PowerLaw {
  /** 0..1. */
  top: number
  /** Not negative: on average more data do no harm. */
  loss: number
  rate: number
}

export interface CurvePoint {
  /** Amount of data: images, or objects of a class. */
  n: number
  /** 0..1, as measured. */
  score: number
  /** The same run's score on resampled images, in the same order for all points; null: not resampled. */
  resampled?: readonly (number | null)[] | null
}

export interface LearningCurve {
  /** Largest amount that was measured. */
  at: number
  /** Standard deviation of a score at `at` from run to run. */
  noise: number
  /** Equally likely curves. */
  laws: PowerLaw[]
}

/** Median, and the range that holds 80 % of the possibilities. */
export interface Range {
  middle: number
  low: number
  high: number
}

/** Amounts that a curve needs at least. */
export const fewestAmounts = 3
/** Median and spread (of the logarithm) of rates: fine-tuning on little data is faster than the .07 to .35 of Hestness et al. */
const rates = { median: 0.5, spread: 0.6 }
/** How many residuals the noise is worth that is assumed before any was seen. */
const assumedWeight = 3
const grid = Array.from({ length: 29 }, (_, i) => 0.05 * 60 ** (i / 28))

/**
 * @param options.assumed noise of a score at the largest amount, before any was seen.
 * @returns null where fewer than {@link fewestAmounts} amounts were measured.
 */
export function fitLearningCurve(
  points: readonly CurvePoint[],
  { seed = 0, draws = 200, assumed = 0.02 }: { seed?: number; draws?: number; assumed?: number } = {},
): LearningCurve | null {
  const usable = points.filter(({ n }) => n > 0)
  if (new Set(usable.map(({ n }) => n)).size < fewestAmounts) return null
  const at = Math.max(...usable.map(({ n }) => n))
  const xs = usable.map(({ n }) => n / at)
  const scores = usable.map(({ score }) => score)
  const noise = estimateNoise(xs, scores, assumed)
  const random = rng(seed, 'learning-curve')
  const means = usable.map(({ resampled }) => mean(resampled ?? []))
  const laws = Array.from({ length: draws }, (_, draw) => {
    const ys = usable.map(({ score, resampled }, i) => {
      const other = resampled && resampled.length > 0 ? resampled[draw % resampled.length] : null
      const shift = other === null || means[i] === null ? 0 : other - means[i]
      return score + shift + (noise / Math.sqrt(xs[i])) * random.normal()
    })
    return fitLaw(xs, ys, noise, drawRate(random))
  })
  return { at, noise, laws }
}

const drawRate = (random: Rng): number => rates.median * Math.exp(rates.spread * random.normal())

/** Least squares under the prior; which images were drawn matters most where they are few: variances go as 1 / n. */
function fitLaw(xs: readonly number[], ys: readonly number[], noise: number, anchor: number): PowerLaw {
  let best: PowerLaw = { top: 0, loss: 0, rate: anchor }
  let lowest = Infinity
  for (const rate of grid) {
    const { top, loss } = fitLine(xs, ys, rate)
    let cost = (Math.log(rate / anchor) / rates.spread) ** 2
    for (let i = 0; i < xs.length; i++) cost += xs[i] * ((ys[i] - top + loss * xs[i] ** -rate) / noise) ** 2
    if (cost >= lowest) continue
    lowest = cost
    best = { top, loss, rate }
  }
  return best
}

/** `top` and `loss` of one rate: weighted least squares with 0 <= top <= 1 and loss >= 0. */
function fitLine(xs: readonly number[], ys: readonly number[], rate: number): { top: number; loss: number } {
  let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0]
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i] ** -rate
    w += xs[i]
    wx += xs[i] * x
    wy += xs[i] * ys[i]
    wxx += xs[i] * x * x
    wxy += xs[i] * x * ys[i]
  }
  const spread = w * wxx - wx * wx
  const loss = spread > 1e-12 ? (wx * wy - w * wxy) / spread : 0
  if (loss <= 0) return { top: Math.min(1, Math.max(0, wy / w)), loss: 0 }
  const top = (wy + loss * wx) / w
  return top <= 1 ? { top, loss } : { top: 1, loss: Math.max(0, (wx - wxy) / wxx) }
}

function estimateNoise(xs: readonly number[], ys: readonly number[], assumed: number): number {
  const { top, loss, rate } = fitLaw(xs, ys, assumed, rates.median)
  const squares = xs.reduce((sum, x, i) => sum + x * (ys[i] - top + loss * x ** -rate) ** 2, 0)
  // Two numbers of the line are fitted; the rate is held by its prior.
  return Math.sqrt((assumedWeight * assumed ** 2 + squares) / (assumedWeight + Math.max(0, xs.length - 2)))
}

export const scoreOf = ({ top, loss, rate }: PowerLaw, at: number, n: number): number => top - loss * (n / at) ** -rate

/** The mean score of runs on so much data. */
export const predictScore = ({ laws, at }: LearningCurve, n: number): Range =>
  rangeOf(laws.map((law) => Math.max(0, scoreOf(law, at, n))))

/** The score of one run on so much data: as {@link predictScore}, with the noise of a run. */
export function predictRun({ laws, at, noise }: LearningCurve, n: number, seed = 0): Range {
  const random = rng(seed, 'predict-run')
  return rangeOf(laws.map((law) => scoreOf(law, at, n) + (noise / Math.sqrt(n / at)) * random.normal()))
}

/** What `more` data bring on average to somebody who has `n`. */
export const predictGain = ({ laws, at }: LearningCurve, n: number, more: number): Range =>
  rangeOf(laws.map((law) => scoreOf(law, at, n + more) - scoreOf(law, at, n)))

function rangeOf(values: readonly number[]): Range {
  const sorted = values.toSorted((a, b) => a - b)
  return { middle: quantile(sorted, 0.5), low: quantile(sorted, 0.1), high: quantile(sorted, 0.9) }
}

/** Between neighbours in proportion. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(sorted.length - 1, below + 1)
  return sorted[below] + (place - below) * (sorted[above] - sorted[below])
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
