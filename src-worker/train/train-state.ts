/** The weights, averages and optimizer states of a run, and where in the data it is. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { canonicalJson } from '@shared/base/canonical-json'
import { TagwrightError } from '@shared/base/errors'
import { optimizers } from '@shared/catalog/optimizers'
import { tasks } from '@shared/catalog/tasks'
import { type ProgramOptions, trainingProgram } from '@shared/catalog/training-program'
import { type Score, isBetterScore, mainScore, scoreNumbers } from '@shared/domain/score'
import type { SnapshotHeader } from '@shared/domain/snapshot'
import type { ImagePacking } from '@shared/engine/lower'
import type { Program } from '@shared/engine/step'
import type { Batch, PixelLayout } from '../data/types'
import { WeightAverage } from './average'
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint'
import { findNonFinite } from './diagnose'
import { initialTensors } from './initial'
import { learningRates } from './learning-rate'
import { programOptions } from './program-options'
import { describeStart, startWeights } from './start-weights'
import { type Stage, stageAt, stagesOf } from './stages'
import { Stepper, type Tensors } from './stepper'
import { StochasticAverage, isAveraged } from './stochastic-average'
import { writeAtomic } from '../files/write-atomic'
import type { Feeds, RunPlan, TrainBatch, TrainHost, TrainInput } from './run-types'
import { type Features, TrunkRunner } from './trunk-runner'
import { unpackPixels } from './unpack-pixels'

export type { TrainBatch } from './run-types'

export class TrainState {
  readonly stepsPerEpoch: number
  /** Micro-batches done. */
  step = 0
  /** The next batch: epochs done, and batches done of the next one. */
  position = { epoch: 0, batch: 0 }
  best: Score | null = null
  last: Score | null = null
  epochsSinceBest = 0
  /** Epoch of the last better score. */
  private improvedAt = 0
  private plan: RunPlan
  private rates: (step: number) => number[]
  private options: ProgramOptions
  private stepper: Stepper
  private average: WeightAverage
  /** The stage that the program is of. */
  private stage: Stage
  readonly stochastic = new StochasticAverage()
  /** The frozen part that sees the images; null when all of the program is one. */
  private trunk: TrunkRunner | null
  /** Frozen parameters and statistics that are not in the program. */
  private frozen: Tensors

  private constructor(plan: RunPlan, stage: Stage, options: ProgramOptions, opened: Opened, frozen: Tensors) {
    this.plan = plan
    this.stage = stage
    this.options = options
    this.stepper = opened.stepper
    this.average = new WeightAverage(opened.stepper, plan.recipe.averages.ema)
    this.trunk = opened.trunk
    this.frozen = frozen
    this.stepsPerEpoch = Math.max(1, Math.floor(plan.train.length / plan.recipe.batch.size))
    this.rates = learningRates(plan.recipe, this.stepsPerEpoch)
  }

  /** Random weights, a checkpoint's weights, or the run's own last state. */
  static async open(plan: RunPlan, input: TrainInput, host: TrainHost): Promise<TrainState> {
    const { recipe, header } = plan
    const checkpoint = input.resume ? await readCheckpoint(join(input.runDir, 'last.ckpt')) : null
    // States of the optimizer are those of the last step: the next stage begins when the run enters it.
    const { epoch = 0, batch = 0 } = (checkpoint?.meta.rng ?? {}) as { epoch?: number; batch?: number }
    const stage = stageAt(stagesOf(recipe), batch > 0 ? epoch : Math.max(0, epoch - 1))
    const options = await programOptions(recipe, stage, header.labels.length)
    const program = trainingProgram(options)
    let initial = initialTensors(program, recipe.seed)
    for (const [name, data] of options.model.initial?.(recipe.model.params) ?? []) initial.set(name, data)
    if (!checkpoint && input.weights) {
      const { tensors, report } = await startWeights(input.weights, {
        ...host,
        program,
        initial,
        model: options.model,
        params: recipe.model.params,
        labels: header.labels.map(({ name }) => name),
        samples: plan.train,
        size: options.size,
      })
      initial = tensors
      host.report.log('info', describeStart(report))
      await writeAtomic(join(input.runDir, 'start-weights.json'), [JSON.stringify(report, null, 2)])
    }
    if (checkpoint) initial = new Map([...checkpoint.param, ...checkpoint.bn])
    const opened = await openProgram(program, options, initial, recipe.provider)
    const state = new TrainState(plan, stage, options, opened, frozenTensors(program, initial))
    if (checkpoint) state.restore(checkpoint)
    return state
  }

  get layout(): PixelLayout {
    return this.stepper.program.images.images?.packing ?? 'nchw'
  }

  /** The frozen part that sees the images, for computing features ahead; null when there is none. */
  get frozenTrunk(): TrunkRunner | null {
    // Where the trained part sees the images too, features alone do not do.
    return this.stepper.program.images.images ? null : this.trunk
  }

  /** Names the frozen part's numbers: equal hashes give equal features of equal images. */
  trunkHash(): string {
    const { id, params, surgery } = this.plan.recipe.model
    const hash = createHash('sha256').update(canonicalJson({ id, params, surgery }))
    for (const [name, data] of [...this.frozen].sort(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    return hash.digest('hex')
  }

  /** One micro-batch. Metrics have the names of the loss; a loss that is not finite leaves the state as it was. */
  async train(batch: TrainBatch): Promise<Record<string, number>> {
    const { recipe } = this.plan
    const apply = (this.step + 1) % recipe.batch.accumulate === 0 ? 1 : 0
    const metrics = await this.stepper.step({
      ...(await this.see(batch)),
      tensors: this.feeds(batch),
      lr: this.rates(this.step),
      momentum: recipe.optimizer.momentum,
      beta2: recipe.optimizer.beta2,
      apply,
    })
    if (!Number.isFinite(metrics.loss)) return metrics
    this.step++
    if (apply) this.average.update()
    const batches = batch.index + 1
    this.position =
      batches === batch.batches ? { epoch: batch.epoch + 1, batch: 0 } : { epoch: batch.epoch, batch: batches }
    return metrics
  }

  private feeds(batch: TrainBatch): Feeds {
    if ('tensors' in batch) return batch.tensors
    const { recipe } = this.plan
    const closing = batch.epoch >= recipe.epochs - recipe.loss.closeEpochs
    return tasks.get(recipe.task).feeds({ ...batch, closing })
  }

  private async see(batch: TrainBatch): Promise<{ images?: Record<string, Uint8Array>; features?: Features }> {
    if ('features' in batch) return { features: batch.features }
    if ('tensors' in batch) return {}
    const images = batch.images as Uint8Array
    if (!this.trunk) return { images: { images } }
    const features = await this.trunk.run(this.plainPixels(batch), [batch.count, 3, batch.height, batch.width])
    return { images: { images }, features }
  }

  private plainPixels({
    images,
    count,
    height,
    width,
  }: Batch | Extract<TrainBatch, { images: unknown }>): Uint8Array | Float32Array {
    const { layout } = this
    return layout === 'nchw'
      ? (images as Uint8Array)
      : unpackPixels(images as Uint8Array, [count, 3, height, width], layout as ImagePacking)
  }

  /** Learning rate of group 0 at the last step. */
  learningRate(): number {
    return this.rates(Math.max(0, this.step - 1))[0]
  }

  /** Another length, before the first step: learning rates and the average are those of a run of that length. */
  follow(recipe: RunPlan['recipe']): void {
    this.plan = { ...this.plan, recipe }
    this.rates = learningRates(recipe, this.stepsPerEpoch)
    this.average = new WeightAverage(this.stepper, recipe.averages.ema)
  }

  /** Rebuilds the program for another input side; weights, states and averages go on. */
  async resize(side: number): Promise<void> {
    if (side === this.options.size[0]) return
    await this.rebuild({ size: [side, side] }, true)
  }

  /** Rebuilds the program where something thaws or the optimizer changes; its states begin anew, averages go on. */
  async enter(stage: Stage): Promise<void> {
    const same = stage.optimizer === this.stage.optimizer && stage.freeze.join() === this.stage.freeze.join()
    this.stage = stage
    if (!same) await this.rebuild({ freeze: stage.freeze, optimizer: optimizers.get(stage.optimizer) }, false)
  }

  private async rebuild(change: Partial<ProgramOptions>, keepsStates: boolean): Promise<void> {
    const before = this.snapshot()
    await this.close()
    this.options = { ...this.options, ...change }
    const program = trainingProgram(this.options)
    const tensors = new Map([...before.param, ...before.bn])
    const opened = await openProgram(program, this.options, tensors, this.plan.recipe.provider)
    this.stepper = opened.stepper
    this.trunk = opened.trunk
    this.frozen = frozenTensors(program, tensors)
    this.average = new WeightAverage(this.stepper, this.plan.recipe.averages.ema)
    this.load(keepsStates ? before : { ...before, optim: new Map(), updates: 0 })
  }

  /** Averaged weights and statistics: what is evaluated and exported. */
  averaged(): Tensors {
    return new Map([...this.frozen, ...this.average.read()])
  }

  /** The weights and statistics of the last step. */
  latest(): Tensors {
    return new Map([...this.frozen, ...this.stepper.read('param'), ...this.stepper.read('stat')])
  }

  /** After an epoch: takes the weights into the stochastic average where the recipe says so. */
  averageEpoch(): void {
    if (isAveraged(this.plan.recipe, this.position.epoch)) this.stochastic.add(this.snapshot().param as Tensors)
  }

  /** What is frozen now. */
  get freeze(): readonly string[] {
    return this.stage.freeze
  }

  /** Takes an epoch's scores; true when they are the best so far. */
  note(scores: Record<string, number> | null): boolean {
    if (!scores) return false
    const { scores: names } = tasks.get(this.plan.recipe.task)
    const kept = Object.fromEntries(names.map((name) => [name, scores[name]]))
    this.last = { epoch: this.position.epoch, step: this.step, ...kept }
    const better = !this.best || isBetterScore(this.last, this.best)
    // At 0 later weights replace earlier ones, and that ends no waiting.
    const improves = better && (!this.best || scoreNumbers(this.last).some(([, value]) => value !== 0))
    if (improves) this.improvedAt = this.position.epoch
    if (better) this.best = this.last
    this.epochsSinceBest = this.position.epoch - this.improvedAt
    return better
  }

  /** Path of the op that first gave no finite number; null when none did, or when only features are left to look at. */
  async diagnose(batch: TrainBatch): Promise<string | null> {
    if ('features' in batch) return null
    const weights = new Map([...this.frozen, ...this.stepper.read('param')])
    return findNonFinite(this.options, weights, {
      pixels: 'tensors' in batch ? batch.tensors.images.data : Float32Array.from(this.plainPixels(batch)),
      feeds: this.feeds(batch),
      rows: batch.maxGt,
    })
  }

  /** @param weights what takes the place of the average: other weights that shall be evaluated and exported. */
  async save(file: string, header: SnapshotHeader, weights?: { kind: string; tensors: Tensors }): Promise<void> {
    const { recipe } = this.plan
    const { program } = this.stepper
    const shapes = new Map([...program.params, ...program.stats].map((p) => [p.name, p.shape]))
    await writeCheckpoint(file, {
      ...this.snapshot(),
      ...(weights ? { ema: weights.tensors } : {}),
      swa: this.stochastic.mean,
      shapes,
      meta: {
        step: this.step,
        epoch: this.position.epoch + this.position.batch / this.stepsPerEpoch,
        // Every draw is seeded by (seed, epoch, sample), so the position is the whole state of the generator.
        rng: { seed: recipe.seed, ...this.position },
        recipeHash: createHash('sha256').update(canonicalJson(recipe)).digest('hex'),
        bestScore: this.best && mainScore(this.best),
        task: recipe.task,
        model: recipe.model.id,
        modelParams: recipe.model.params,
        surgery: recipe.model.surgery,
        labels: header.labels.map(({ name, cocoId, color, skeleton }) => ({
          name,
          cocoId,
          color,
          ...(skeleton && tasks.get(recipe.task).points ? { skeleton } : {}),
        })),
        input: this.options.model.input,
        size: [recipe.input.size, recipe.input.size],
        emaUpdates: this.average.updates,
        loop: {
          updates: this.stepper.updates,
          best: this.best,
          last: this.last,
          epochsSinceBest: this.epochsSinceBest,
          improvedAt: this.improvedAt,
          averaged: this.stochastic.count,
          weights: weights?.kind ?? 'ema',
        },
      },
    })
  }

  /** Keeps what it is now: calling the answer goes back there, for several short runs from one start. */
  mark(): () => void {
    const before = this.snapshot()
    const { step, position } = this
    return () => {
      this.load(before)
      this.step = step
      this.position = { ...position }
    }
  }

  async close(): Promise<void> {
    await this.trunk?.close()
    await this.stepper.close()
  }

  private snapshot(): Omit<Checkpoint, 'meta' | 'shapes'> & { emaUpdates: number; updates: number } {
    const kinds = new Set(this.stepper.program.slots.map((slot) => slot.kind))
    for (const kind of ['param', 'stat', 'held']) kinds.delete(kind)
    const { params } = this.stepper.program
    const isParam = new Set(params.map(({ name }) => name))
    const frozen = (param: boolean) => [...this.frozen].filter(([name]) => isParam.has(name) === param)
    return {
      param: new Map([...frozen(true), ...this.stepper.read('param')]),
      bn: new Map([...frozen(false), ...this.stepper.read('stat')]),
      ema: this.averaged(),
      optim: new Map([...kinds].map((kind) => [kind, this.stepper.read(kind)])),
      emaUpdates: this.average.updates,
      updates: this.stepper.updates,
    }
  }

  private load({ param, bn, ema, optim, emaUpdates, updates }: ReturnType<TrainState['snapshot']>): void {
    this.stepper.load('param', param)
    this.stepper.load('stat', bn)
    for (const [kind, tensors] of optim) this.stepper.load(kind, tensors)
    this.stepper.updates = updates
    this.average.load(ema, emaUpdates)
  }

  private restore(checkpoint: Checkpoint): void {
    const { meta } = checkpoint
    const loop = meta.loop as unknown as Loop
    this.load({ ...checkpoint, emaUpdates: meta.emaUpdates, updates: loop.updates })
    this.step = meta.step
    this.position = { epoch: meta.rng.epoch as number, batch: meta.rng.batch as number }
    this.best = loop.best
    this.last = loop.last
    this.epochsSinceBest = loop.epochsSinceBest
    this.improvedAt = loop.improvedAt ?? loop.best?.epoch ?? 0
    this.stochastic.load(new Map(checkpoint.swa), loop.averaged ?? 0)
  }
}

interface Loop {
  updates: number
  best: Score | null
  last: Score | null
  epochsSinceBest: number
  /** Absent in older files. */
  improvedAt?: number
  /** Weights in the stochastic average. */
  averaged?: number
}

interface Opened {
  stepper: Stepper
  trunk: TrunkRunner | null
}

/** Tensors that no slot of the program carries from step to step: the trunk's, and held statistics. */
function frozenTensors(program: Program, tensors: Tensors): Tensors {
  const carried = new Set(
    program.slots
      .flatMap(({ kind, entries }) => (kind === 'param' || kind === 'stat' ? entries : []))
      .map((e) => e.name),
  )
  return new Map(
    [...program.params, ...program.stats].flatMap(({ name }) =>
      carried.has(name) ? [] : [[name, tensors.get(name)!]],
    ),
  )
}

async function openProgram(
  program: Program,
  options: ProgramOptions,
  initial: Tensors,
  provider: RunPlan['recipe']['provider'],
): Promise<Opened> {
  try {
    const stepper = await Stepper.create(program, options.optimizer, initial, {
      provider,
      optimize: provider === 'cpu' ? 'basic' : 'all',
    })
    return { stepper, trunk: program.trunk && (await TrunkRunner.open(program.trunk, initial, { provider })) }
  } catch (error) {
    if (error instanceof TagwrightError && error.code === 'out-of-memory')
      throw new TagwrightError(
        'out-of-memory',
        `Batch ${options.batch} at ${options.size[0]} px does not fit into memory. Try batch.size=${Math.max(1, options.batch >> 1)} with batch.accumulate=2, or a smaller input.size.`,
        { batch: options.batch, size: options.size[0] },
        { cause: error },
      )
    throw error
  }
}
