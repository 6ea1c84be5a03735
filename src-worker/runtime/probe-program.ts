/** The small training program that providers are probed with: the layers and sizes of a detector, odd channel counts too. */
import { rng } from '@shared/base/rng'
import sgd from '@shared/catalog/optimizers/sgd'
import { size } from '@shared/engine/graph'
import { initialize } from '@shared/engine/nn'
import { add, concat, maxPool, mul, reduceSum, sub, upsample } from '@shared/engine/ops'
import { type Program, trainStep } from '@shared/engine/step'
import { Stepper, type Tensors } from '../train/stepper'
import type { SessionOptions } from './session'

const BATCH = 4
/** Of the feature maps at full size. */
const SIDE = 48
const CHANNELS = 12

/** @param block as in `trainStep`. */
export function buildProbeProgram(block: number): Program {
  return trainStep({
    build(nn, graph) {
      const stem = nn.convBnSilu('stem', graph.input('features', [BATCH, CHANNELS, SIDE, SIDE]), 24, 3)
      const down = nn.convBnSilu('down', stem, 48, 3, 2)
      const spatial = nn.convBnSilu('spatial', down, 48, 5, 1, 48)
      const bottom = nn.convBnSilu('bottom', concat([maxPool(spatial, 5), down], 1), 30, 1)
      const joined = concat([upsample(add(nn.convBnSilu('side', bottom, 30, 3), bottom), 2), stem], 1)
      const out = nn.conv2d('out', nn.convBnSilu('merge', joined, 9, 3), 3, 1, { bias: true })
      const error = sub(out, graph.input('wanted', out.shape))
      const loss = mul(reduceSum(mul(error, error), [0, 1, 2, 3]), 1 / size(out.shape))
      return { total: loss, metrics: { loss } }
    },
    optimizer: sgd,
    group: () => ({ decay: 1e-4, lr: 0 }),
    learningRates: 1,
    clip: 1,
    accumulate: 1,
    images: [],
    block,
  })
}

export interface ProbeRun {
  /** Losses of up to three steps. */
  losses: number[]
  /** Weights after each step. */
  params: Tensors[]
  /** Of the fastest step; the first, which also prepares the device, counts only when it stays alone. */
  milliseconds: number
}

/** A provider whose first step takes longer, ms, is not asked for more: it is a processor that plays a GPU. */
const PATIENCE = 5000

/** Three steps from seeded weights on a seeded batch. */
export async function runProbeProgram(program: Program, options: SessionOptions): Promise<ProbeRun> {
  const random = rng('provider probe')
  const initial: Tensors = new Map(program.params.map((p) => [p.name, initialize(p, rng('provider probe', p.name))]))
  for (const stat of program.stats) initial.set(stat.name, new Float32Array(size(stat.shape)).fill(stat.initial))
  const stepper = await Stepper.create(program, sgd, initial, options)
  try {
    const draw = (count: number) => Float32Array.from({ length: count }, () => random.uniform(-1, 1))
    const shape = (channels: number) => [BATCH, channels, SIDE, SIDE]
    const feeds = {
      images: {},
      tensors: {
        features: { data: draw(size(shape(CHANNELS))), shape: shape(CHANNELS) },
        wanted: { data: draw(size(shape(3))), shape: shape(3) },
      },
      lr: [0.05],
      momentum: 0.9,
      beta2: 0.999,
      apply: 1,
    }
    const run: ProbeRun = { losses: [], params: [], milliseconds: Infinity }
    for (let i = 0; i < 3; i++) {
      const start = performance.now()
      run.losses.push((await stepper.step(feeds)).loss)
      const elapsed = performance.now() - start
      run.params.push(stepper.read('param'))
      if (i > 0 || elapsed > PATIENCE) run.milliseconds = Math.min(run.milliseconds, elapsed)
      if (elapsed > PATIENCE) break
    }
    return run
  } finally {
    await stepper.close()
  }
}

/** Largest absolute difference of a loss or a weight, over the steps that both made. */
export function compareRuns(a: ProbeRun, b: ProbeRun): number {
  let worst = 0
  const note = (x: number, y: number) => {
    const difference = Math.abs(x - y)
    // Not a number counts as worse than anything.
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference
  }
  for (let step = 0; step < Math.min(a.losses.length, b.losses.length); step++) {
    note(a.losses[step], b.losses[step])
    for (const [name, values] of a.params[step]) values.forEach((v, i) => note(v, b.params[step].get(name)![i]))
  }
  return worst
}
