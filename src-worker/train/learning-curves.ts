/**
 * Learning curves of a project: short runs of one frozen trunk on nested parts of the training images. What the trunk
 * makes of an image is computed once for all of them, so that a run costs the steps of its head alone.
 */
import { hashSeed } from '@shared/base/rng'
import { TagwrightError } from '@shared/base/errors'
import type { z } from 'zod'
import type { workerContract } from '@shared/contract/worker'
import { parseRecipe } from '@shared/domain/recipe'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { stratifiedSplit } from '@shared/domain/stratified-split'
import { measureCurve } from '@shared/evaluation/label-advice'
import { detectorSteps } from '@shared/catalog/small-data'
import { tasks } from '@shared/catalog/tasks'
import { workerTasks } from '../tasks'
import { featureBatches, openFeatures } from './batches'
import { curveScorer, resampleImages, type RunScores } from './curve-scores'
import { EpochEvaluation } from './evaluate-epoch'
import type { FeatureCache } from './feature-cache'
import { makePlan } from './plan'
import { resolveRecipe } from './resolve-recipe'
import type { RunPlan, TrainHost } from './run-types'
import { TrainState } from './train-state'

type Method = (typeof workerContract)['methods']['learnCurves']
type Input = z.output<Method['input']>
type Output = z.input<Method['output']>

/** Parts of the training images, each inside the next. */
const parts = [1 / 8, 1 / 4, 1 / 2, 1]
/** A part of fewer images is left out, and three parts make a curve. */
const fewestImages = { part: 4, train: 16, val: 8 }
/** What is learned from and measured on at most: more changes the curve little and takes long. */
const mostImages = { train: 1024, val: 300 }
/**
 * Optimizer steps of a short run of a detector: so many for each image, within these. A task that takes more steps from start
 * weights takes more here, in proportion: points come from layers that no detector's file has.
 */
const steps = { perImage: 1 / 2, fewest: 100, most: 300 }
/** On a slow machine less, so that one draw fits into the time given; below this a run tells too little. */
const fewestOfAll = 60
/** Of the pace: some first steps are slower. */
const pace = { warmUp: 2, steps: 4 }
/** Of the time given for one draw's steps; the rest is for evaluations. */
const share = 0.75
/** Where one layer is all that learns, steps cost next to nothing: the largest part is to be learned as well as the smallest. */
const stepsOfHead = { perImage: 2, fewest: 400, most: 1500 }
const mostDraws = 4
/** Resampled sets of evaluation images. */
const sets = 200

interface Part {
  draw: number
  /** Positions in the plan's training images. */
  positions: number[]
}

/** @throws as opening a run does, `too-few-images`, `bad-recipe` without a frozen part. */
export async function learnCurves(input: Input, host: TrainHost): Promise<Output> {
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1000
  const { report, signal } = host
  const { plan, total, times, resolve } = await openPlan(input)
  const { recipe, header, train, val } = plan
  report.progress('opening the model', 0, null)
  const state = await TrainState.open(plan, { ...input, resume: false }, host)
  let features: FeatureCache | null = null
  const evaluation = new EpochEvaluation(plan, host)
  try {
    const trunk = state.frozenTrunk
    if (!trunk || workerTasks[recipe.task].data)
      throw new TagwrightError(
        'bad-recipe',
        'This model has no part that stays as it is, so that short runs on parts of the data would take as long as whole ones. Choose other start weights.',
      )
    const opened = elapsed()
    features = await openFeatures(plan, state, trunk, input.cacheDir, host)
    await features.prepare(recipe.features.variants)
    report.log('info', `The model was opened in ${opened.toFixed(0)} s, features of ${train.length} images took ${(elapsed() - opened).toFixed(0)} s.`) // prettier-ignore
    const toStart = state.mark()
    const score = curveScorer(recipe.task, header, val, resampleImages(val.length, sets, recipe.seed))
    const runs: (Part & { scores: RunScores })[] = []
    const queue = partsOf(train, recipe.seed)
    const perDraw = queue.length / mostDraws
    const epochs = await affordableEpochs(perDraw)
    if (epochs < recipe.epochs) {
      report.log('info', `This machine is slow for ${recipe.epochs * state.stepsPerEpoch} steps a run: ${epochs * state.stepsPerEpoch} are made.`) // prettier-ignore
      state.follow(resolve(epochs))
    }
    const stepsOfRun = epochs * state.stepsPerEpoch
    let longest = 0
    for (const [i, part] of queue.entries()) {
      // The first draw is what a curve needs; more of them while there is time, whole ones only.
      if (i >= perDraw && i % perDraw === 0 && elapsed() + longest * perDraw > input.seconds) break
      const from = performance.now()
      toStart()
      const shown = i < perDraw ? perDraw : Math.ceil((i + 1) / perDraw) * perDraw
      await learn(part, stepsOfRun, (step) => report.progress('short runs', i * stepsOfRun + step, shown * stepsOfRun))
      await evaluation.run(state.averaged(), state.freeze, signal)
      runs.push({ ...part, scores: score(evaluation.found) })
      const took = (performance.now() - from) / 1000
      longest = Math.max(longest, took)
      report.log('info', `${part.positions.length} images, draw ${part.draw + 1}: ${runs.at(-1)!.scores.overall?.toFixed(3) ?? 'no score'} in ${took.toFixed(0)} s.`) // prettier-ignore
    }
    report.progress('fitting curves', 0, null)
    return { ...curvesOf(runs), steps: stepsOfRun, draws: runs.length / perDraw, seconds: elapsed() }

    /** So many that a draw of all parts fits into the time that is left, at the pace of a few steps. */
    async function affordableEpochs(parts: number): Promise<number> {
      let from = 0
      await learn(queue[0], pace.warmUp + pace.steps, (step) => {
        if (step === pace.warmUp) from = performance.now()
      })
      const step = (performance.now() - from) / 1000 / pace.steps
      toStart()
      const affordable = (share * (input.seconds - elapsed())) / (parts * step)
      const fewest = Math.ceil((times * fewestOfAll) / state.stepsPerEpoch)
      return Math.min(recipe.epochs, Math.max(fewest, Math.floor(affordable / state.stepsPerEpoch)))
    }

    /** Fresh from the start: so many steps on one part. */
    async function learn({ draw, positions }: Part, count: number, onStep: (step: number) => void): Promise<void> {
      const batches = features!.batches(
        { seed: hashSeed(recipe.seed, 'draw', draw), epochs: Infinity, only: positions, ...featureBatches(plan) },
        { epoch: 0, batch: 0 },
      )
      let step = 0
      for await (const batch of batches) {
        signal.throwIfAborted()
        const { loss } = await state.train(batch)
        if (!Number.isFinite(loss))
          throw new TagwrightError('nan-loss', `The loss became ${loss} at step ${step + 1} of a short run. Choose other start weights.`) // prettier-ignore
        onStep(++step)
        // Running a model blocks the thread: heartbeats and an abort get their turn here.
        await new Promise((resolve) => setImmediate(resolve))
        if (step === count) return
      }
    }
  } finally {
    await features?.close()
    await evaluation.close()
    await state.close()
  }

  function curvesOf(runs: readonly (Part & { scores: RunScores })[]): Pick<Output, 'overall' | 'classes' | 'images'> {
    const seed = recipe.seed
    const objectsIn = (positions: readonly number[], label: number) =>
      positions.reduce((sum, at) => sum + countObjects(train[at], label), 0)
    const overall = measureCurve(
      runs.flatMap(({ draw, positions, scores: { overall: score, resampled } }) =>
        score === null ? [] : [{ n: positions.length, draw, score, resampled: resampled.map((one) => one.overall) }],
      ),
      {
        objects: total.images,
        images: total.images,
        truths: val.reduce((sum, { annotations }) => sum + annotations.filter(({ flags }) => !flags.crowd).length, 0),
        needed: fewestImages.train,
      },
      seed,
    )
    const classes = header.labels.map(({ name }, label) => ({
      label: name,
      ...measureCurve(
        runs.flatMap(({ draw, positions, scores: { classes: found, resampled } }) => {
          const score = found[label]
          const n = objectsIn(positions, label)
          return score === null ? [] : [{ n, draw, score, resampled: resampled.map((one) => one.classes[label]) }]
        }),
        {
          objects: total.objects[label],
          images: total.with[label],
          truths: val.reduce((sum, sample) => sum + countObjects(sample, label), 0),
        },
        seed,
      ),
    }))
    return { overall, classes, images: { train: total.images, used: train.length, val: val.length } }
  }
}

/** The run's plan on at most so many images, and what there is in all. */
async function openPlan(input: Input) {
  const given = parseRecipe(input.recipe)
  const whole = await makePlan({ ...input, resume: false })
  const { header } = whole
  // Images that nobody has labelled are no part of what was learned from.
  const labelled = whole.train.filter(({ annotations }) => annotations.length > 0)
  const tooFew = (what: string, count: number, needed: number, todo: string) =>
    new TagwrightError(
      'too-few-images',
      `A learning curve needs ${needed} ${what} images with labels, and there are ${count}. ${todo}`,
      { count, needed },
    )
  if (labelled.length < fewestImages.train)
    throw tooFew('training', labelled.length, fewestImages.train, 'Label more, then ask again.')
  const measured = whole.val.filter(({ annotations }) => annotations.length > 0)
  if (measured.length < fewestImages.val)
    throw tooFew('evaluation', measured.length, fewestImages.val, 'Put some labelled images into the split val (tagwright split <project>), then ask again.') // prettier-ignore
  const train = sampleOf(labelled, mostImages.train, given.seed)
  const val = sampleOf(whole.val, mostImages.val, given.seed)
  const { provider, model } = whole.recipe
  const size = Math.min(8, train.length)
  const perEpoch = Math.max(1, Math.floor(train.length / size))
  const task = tasks.get(given.task)
  const isHead = task.truth === 'class'
  const { perImage, fewest, most } = isHead ? stepsOfHead : steps
  const times = isHead ? 1 : (task.steps ?? detectorSteps).perImage / detectorSteps.perImage
  const wanted = times * Math.min(most, Math.max(fewest, perImage * train.length))
  const resolve = (epochs: number) =>
    resolveRecipe(
      { ...given, model: { ...model, weights: input.weights }, batch: { size, accumulate: 1 }, epochs },
      train.length,
      provider,
      val.length,
    )
  const recipe = resolve(Math.max(1, Math.round(wanted / perEpoch)))
  const plan: RunPlan = { ...whole, train, val, recipe }
  const total = {
    images: labelled.length,
    objects: header.labels.map((_, label) => labelled.reduce((sum, sample) => sum + countObjects(sample, label), 0)),
    with: header.labels.map((_, label) => labelled.filter((sample) => countObjects(sample, label) > 0).length),
  }
  return { plan, total, times, resolve }
}

const countObjects = ({ annotations }: SnapshotSample, label: number): number =>
  annotations.filter((one) => one.label === label && !one.flags.crowd).length

const stratified = (samples: readonly SnapshotSample[], ratios: readonly number[], seed: number): number[] =>
  stratifiedSplit(
    samples.map(({ name, annotations }) => ({ name, classes: [...new Set(annotations.map(({ label }) => label))] })),
    ratios,
    seed,
  )

/** At most so many, with every class in proportion. */
function sampleOf(samples: SnapshotSample[], most: number, seed: number): SnapshotSample[] {
  if (samples.length <= most) return samples
  const part = stratified(samples, [most, samples.length - most], seed)
  return samples.filter((_, i) => part[i] === 0)
}

/** Draw after draw, the largest part first: nested parts with every class in proportion. */
export function partsOf(samples: readonly SnapshotSample[], seed: number): Part[] {
  const shares = parts.filter((share) => share * samples.length >= fewestImages.part)
  return Array.from({ length: mostDraws }, (_, draw) => {
    const rings = stratified(samples, shares.map((share, i) => share - (shares[i - 1] ?? 0)), hashSeed(seed, 'parts', draw)) // prettier-ignore
    return shares.map((_, ring) => ({
      draw,
      positions: rings.flatMap((at, position) => (at <= ring ? [position] : [])),
    })).reverse() // prettier-ignore
  }).flat()
}
