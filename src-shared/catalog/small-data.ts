/**
 * How long a run on so many images takes, where the recipe leaves it open, and why. Chosen by trials on training and
 * evaluation splits only; they stand beside the rule, and docs/benchmarks/small-data.json has them with their settings.
 */
import type { TaskDef } from './tasks/define'

/** One trial: a detector on images of blood cells (BCCD), its best epoch on the 87 evaluation images, one seed. */
export interface Trial {
  images: number
  start: 'published' | 'scratch'
  /** What was not trained. */
  frozen: 'nothing' | 'backbone' | 'backbone and neck'
  /** Of the whole run. */
  steps: number
  AP: number
  AP50: number
}

export const trials: readonly Trial[] = [
  { images: 30, start: 'published', frozen: 'nothing', steps: 120, AP: 0.561, AP50: 0.87 },
  { images: 30, start: 'published', frozen: 'backbone', steps: 180, AP: 0.523, AP50: 0.815 },
  { images: 205, start: 'published', frozen: 'nothing', steps: 100, AP: 0.569, AP50: 0.885 },
  { images: 205, start: 'published', frozen: 'nothing', steps: 250, AP: 0.609, AP50: 0.91 },
  { images: 205, start: 'published', frozen: 'backbone', steps: 125, AP: 0.566, AP50: 0.876 },
  { images: 205, start: 'published', frozen: 'backbone and neck', steps: 500, AP: 0.492, AP50: 0.758 },
]

/** Optimizer steps of a run from start weights. */
export interface StepsFromWeights {
  perImage: number
  fewest: number
  most: number
}

/** Four for each image, within what served 30 and what serves thousands. */
export const detectorSteps: StepsFromWeights = { perImage: 4, fewest: 120, most: 600 }
/** The same from random weights: no longer than the published 40 epochs of small data take eager PyTorch (decision 040). */
const FROM_SCRATCH = 2000
/** With fewer images start weights are advised; a judgement, not a measurement. */
const SCRATCH_NEEDS = 500
/** Epochs of a run whose length is left open. */
const EPOCHS = { fewest: 10, most: 300 }

export interface RunLength {
  /** Optimizer steps. */
  steps: number
  epochs: number
  /** few: start weights decide; small: they help; large: both ways work. */
  amount: 'few' | 'small' | 'large'
  fromWeights: boolean
  /** The trial on the nearest number of images; null: none was made from this start. */
  trial: Trial | null
}

/**
 * @param images training images.
 * @param stepsPerEpoch optimizer steps that they make.
 * @param task what it wants from start weights, which trials were made of it, and whether people label for it at all.
 */
export function runLength(
  images: number,
  stepsPerEpoch: number,
  fromWeights: boolean,
  { steps = detectorSteps, trials = [], truth }: Pick<TaskDef, 'steps' | 'trials' | 'truth'>,
): RunLength {
  const { perImage, fewest, most } = steps
  const wanted = fromWeights ? Math.min(most, Math.max(fewest, perImage * images)) : FROM_SCRATCH
  const epochs = Math.min(EPOCHS.most, Math.max(EPOCHS.fewest, Math.ceil(wanted / stepsPerEpoch)))
  // Images without labels give as many crops as are wanted.
  const amount = truth === 'image' || images >= SCRATCH_NEEDS ? 'large' : images < 100 ? 'few' : 'small'
  const made = trials.filter(({ start, frozen }) => (start === 'published') === fromWeights && frozen === 'nothing')
  const distance = ({ images: of }: Trial) => Math.abs(Math.log(of / Math.max(1, images)))
  const nearest = made.toSorted((a, b) => distance(a) - distance(b) || b.AP50 - a.AP50)[0] ?? null
  // What was seen on 205 images says nothing about thousands.
  const trial = nearest && distance(nearest) < Math.log(4) ? nearest : null
  return { steps: epochs * stepsPerEpoch, epochs, amount, fromWeights, trial }
}

/** One or two sentences for people. */
export function describeRunLength({ steps, epochs, amount, fromWeights, trial }: RunLength, images: number): string {
  const plan = `${images} training ${images === 1 ? 'image' : 'images'}, ${fromWeights ? 'start weights' : 'random weights'}: ${epochs} epochs (${steps} steps).`
  if (!fromWeights && amount !== 'large')
    return `${plan} That is little to learn from by itself; start weights help most here: tagwright weights list`
  if (!trial) return plan
  return `${plan} In a trial on ${trial.images} images of blood cells ${trial.steps} steps gave AP50 ${trial.AP50.toFixed(2)}.`
}
