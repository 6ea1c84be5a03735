/** From measured learning curves to what more labels would bring, class by class, or why that cannot be said. */
import {
  fewestAmounts,
  fitLearningCurve,
  predictGain,
  predictRun,
  type CurvePoint,
  type LearningCurve,
  type Range,
} from './learning-curve'

/** Fewer objects to learn from, or to be measured on, give no curve. */
export const fewest = { objects: 12, truths: 5 }
/** Below it a class was not found by short runs on all labels, and nothing can be said about its rise. */
const notFound = 0.01
/** A gain that at best is smaller is none worth labelling for. */
const littleGain = 0.01

/** Why there is no curve. `few-amounts`: the class is in too few of the measured parts. */
export type CurveReason = 'few-objects' | 'few-truths' | 'not-learned' | 'few-amounts'

export interface MeasuredPoint {
  /** Objects of the class; images, for all classes together. */
  n: number
  /** Which draw of images it belongs to. */
  draw: number
  score: number
}

export interface MeasuredCurve {
  /** Objects of the class in all images to learn from; images, for all classes together. */
  objects: number
  /** Images that have some. */
  images: number
  /** Objects that scores are measured on. */
  truths: number
  points: MeasuredPoint[]
  /** Mean score on the largest part that was measured. */
  now: number | null
  curve: LearningCurve | null
  reason: CurveReason | null
  /** What the smaller parts predicted of one run on the largest part, and its score there. */
  check: { predicted: Range; measured: number } | null
}

export interface ClassCurve extends MeasuredCurve {
  label: string
}

export interface LabelCurves {
  overall: MeasuredCurve
  /** In index order. */
  classes: ClassCurve[]
}

export interface Advice {
  /** null: all classes together, and `more` are images. */
  label: string | null
  now: number | null
  objects: number
  /** null: see `reason`. */
  gain: Range | null
  reason: CurveReason | null
  /** Images with about so many more objects, where they are as frequent as in images that have them now. */
  images: number | null
}

export interface LabelAdvice {
  more: number
  overall: Advice
  /** The largest gain first; classes without an answer last. */
  classes: Advice[]
  /** The class to label next; null: no class gains much, or none has an answer. */
  next: string | null
}

/**
 * Noise from run to run that is assumed of a score measured on so many objects: few objects make it jump. The figures
 * were chosen on the checks of docs/decisions/135-learning-curves.md.
 */
const assumedNoise = (truths: number): number => Math.hypot(0.015, 0.15 / Math.sqrt(truths))

/** Fits a curve where the data allow it, and checks it on the largest part. */
export function measureCurve(
  points: readonly (MeasuredPoint & Pick<CurvePoint, 'resampled'>)[],
  amounts: Pick<MeasuredCurve, 'objects' | 'images' | 'truths'> & { needed?: number },
  seed = 0,
): MeasuredCurve {
  const { needed = fewest.objects, ...counted } = amounts
  const usable = points.filter(({ n }) => n > 0)
  const most = Math.max(0, ...usable.map(({ n }) => n))
  const largest = usable.filter(({ n }) => n === most)
  const now = largest.length > 0 ? largest.reduce((sum, { score }) => sum + score, 0) / largest.length : null
  const made = {
    ...counted,
    points: points.map(({ n, draw, score }) => ({ n, draw, score })),
    now,
    curve: null,
    reason: null,
    check: null,
  }
  if (counted.objects < needed) return { ...made, reason: 'few-objects' }
  if (counted.truths < fewest.truths) return { ...made, reason: 'few-truths' }
  // All labels together have to give something: chance in a smaller part is no curve.
  if (largest.every(({ score }) => score < notFound)) return { ...made, reason: 'not-learned' }
  if (new Set(usable.map(({ n }) => n)).size < fewestAmounts) return { ...made, reason: 'few-amounts' }
  // The check asks about the same evaluation images, so other images are no part of its uncertainty.
  const smaller = usable.filter(({ n }) => n < most).map(({ n, score }) => ({ n, score }))
  const options = { seed, assumed: assumedNoise(counted.truths) }
  const before = fitLearningCurve(smaller, options)
  return {
    ...made,
    curve: fitLearningCurve(usable, options),
    check: before && now !== null ? { predicted: predictRun(before, most, seed), measured: now } : null,
  }
}

/** @param more objects of each class; images, for all classes together. */
export function adviseLabels({ overall, classes }: LabelCurves, more: number): LabelAdvice {
  const advise = (one: MeasuredCurve, label: string | null): Advice => ({
    label,
    now: one.now,
    objects: one.objects,
    gain: one.curve && predictGain(one.curve, one.objects, more),
    reason: one.reason,
    images: label === null ? more : one.objects > 0 ? Math.ceil((more * one.images) / one.objects) : null,
  })
  const all = classes
    .map((one) => advise(one, one.label))
    .toSorted((a, b) => (b.gain?.middle ?? -1) - (a.gain?.middle ?? -1))
  const [first] = all
  const next = first?.gain && first.gain.high >= littleGain ? first.label : null
  return { more, overall: advise(overall, null), classes: all, next }
}

/** In hundredths, as detection scores are spoken of. */
const points = (value: number): string => {
  const hundredths = 100 * value
  const text = Math.abs(hundredths) >= 10 ? hundredths.toFixed(0) : hundredths.toFixed(1).replace(/\.0$/, '')
  return text === '-0' ? '0' : text
}

/** One sentence in English. */
export function describeAdvice(advice: Advice, more: number, score: 'AP' | 'top1' = 'AP'): string {
  const { label, gain, reason, objects, now } = advice
  const name = label ?? 'images'
  if (!gain) return `${label ?? 'All classes together'}: ${explain(reason ?? 'few-amounts', objects)}`
  const unit = score === 'AP' ? 'AP' : 'points of top-1'
  return `${more} more ${name}: about +${points(gain.middle)} ${unit} (${points(gain.low)} to ${points(gain.high)}), from ${points(now ?? 0)} with ${objects}.`
}

function explain(reason: CurveReason, objects: number): string {
  switch (reason) {
    case 'few-objects':
      return `nothing can be said from ${objects}; ${fewest.objects} are needed. Label ${fewest.objects - objects} more, then ask again.`
    case 'few-truths':
      return `fewer than ${fewest.truths} objects to measure on. Put more images with it into the evaluation split, then ask again.`
    case 'not-learned':
      return `the short runs did not find it, so nothing can be said about its rise. Label more of it, then ask again.`
    case 'few-amounts':
      return `it is in too few of the measured parts for a curve. Label more images with it, then ask again.`
  }
}
