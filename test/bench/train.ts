import { availableParallelism } from 'node:os'
import { TagwrightError } from '@shared/base/errors'
import { rng } from '@shared/base/rng'
import { findOutside } from '../helpers/find-outside'
import { describeLoad, describeMachine, median, readOption, type BenchContext, type Machine } from './context'
import { createEngineTrainer, type EngineTrainer } from './engine-trainer'
import { MirrorClient, type Layout, type MirrorProof } from './mirror-client'

/** Figures of one model. Ratios are this engine's images per second over the mirror's; null without a mirror. */
export interface TrainFigures {
  imagesPerSecond: number
  ratioNchw: number | null
  ratioChannelsLast: number | null
  mirrorNchw: number | null
  mirrorChannelsLast: number | null
}

interface Settings {
  models: string[]
  classes: number
  size: number
  batch: number
  /** Turns each side takes, and steps in a turn. */
  rounds: number
  steps: number
  provider: string
  threads: number
}

/** Where the other side's numbers come from; absent with a reason when there is no PyTorch. */
type Mirror = { client: MirrorClient; proof: MirrorProof } | undefined

const maxObjects = 20
const warmUpSteps = 2

/** A seeded batch: random pixels, 6 to 14 boxes per image of 16 to 160 px. Both sides get the same boxes. */
function makeBatch({ batch, size, classes }: Settings) {
  const random = rng(0)
  const targets = Array.from({ length: batch }, () =>
    Array.from({ length: random.int(6, 14) }, () => {
      const [width, height] = [random.uniform(16, size / 2), random.uniform(16, size / 2)]
      const [x, y] = [random.uniform(width / 2, size - width / 2), random.uniform(height / 2, size - height / 2)]
      return [random.int(0, classes - 1), x, y, width, height]
    }),
  )
  const rows = new Float32Array(batch * maxObjects * 5)
  targets.forEach((boxes, image) => rows.set(boxes.flat(), image * maxObjects * 5))
  const images = Float32Array.from({ length: batch * 3 * size * size }, () => Math.floor(random.next() * 256))
  return { targets, rows, images }
}

type Batch = ReturnType<typeof makeBatch>

async function timeEngine(trainer: EngineTrainer, batch: Batch, steps: number): Promise<number[]> {
  const seconds: number[] = []
  for (let step = 0; step < steps; step++) {
    const start = performance.now()
    const { loss } = await trainer.step(batch.images, batch.rows)
    seconds.push((performance.now() - start) / 1000)
    if (!Number.isFinite(loss))
      throw new TagwrightError('not-finite', `The loss is ${loss}: a step that diverged says nothing.`)
  }
  return seconds
}

/** Both sides take turns, in changing order, so that a slow minute of the machine hits them alike. */
async function measure(model: string, settings: Settings, batch: Batch, mirror: Mirror): Promise<TrainFigures> {
  const trainer = await createEngineTrainer({ ...settings, model, maxObjects })
  const turns: { name: 'engine' | Layout; run: (steps: number) => Promise<number[]>; seconds: number[] }[] = [
    { name: 'engine', run: (steps) => timeEngine(trainer, batch, steps), seconds: [] },
  ]
  if (mirror) {
    for (const layout of ['nchw', 'channels_last'] as const) {
      turns.push({ name: layout, run: (steps) => mirror.client.step(model, layout, steps), seconds: [] })
    }
  }
  try {
    for (const turn of turns) await turn.run(warmUpSteps)
    for (let round = 0; round < settings.rounds; round++) {
      for (let i = 0; i < turns.length; i++) {
        const turn = turns[(round + i) % turns.length]
        turn.seconds.push(...(await turn.run(settings.steps)))
      }
    }
  } finally {
    await trainer.dispose()
    await mirror?.client.forget()
  }
  const speed = (name: string) => {
    const turn = turns.find((candidate) => candidate.name === name)
    return turn ? settings.batch / median(turn.seconds) : null
  }
  const imagesPerSecond = speed('engine')!
  const [mirrorNchw, mirrorChannelsLast] = [speed('nchw'), speed('channels_last')]
  return {
    imagesPerSecond,
    ratioNchw: mirrorNchw && imagesPerSecond / mirrorNchw,
    ratioChannelsLast: mirrorChannelsLast && imagesPerSecond / mirrorChannelsLast,
    mirrorNchw,
    mirrorChannelsLast,
  }
}

/**
 * @returns undefined when there is no PyTorch or it is not wanted
 * @throws TagwrightError `mirror-refused` when the mirror does not reproduce the golden values: then nothing is timed
 */
async function startMirror(
  root: string,
  args: string[],
  settings: Settings,
  batch: Batch,
  note: (text: string) => void,
): Promise<Mirror> {
  if (args.includes('--no-mirror')) return undefined
  const torch = findOutside('torch', root)
  if ('reason' in torch) {
    note(`No ratios: ${torch.reason}. Absolute figures only.`)
    return undefined
  }
  const golden = findOutside('golden', root)
  if ('reason' in golden) {
    throw new TagwrightError(
      'mirror-unproven',
      `The PyTorch mirror cannot be proven: ${golden.reason}. Add --no-mirror for absolute figures only.`,
    )
  }
  const client = new MirrorClient(torch.path, root)
  try {
    const proof = await client.prove(golden.path, settings.threads)
    note(
      `Mirror: PyTorch ${proof.torch}, ${proof.threads} threads; golden losses reproduced to ${proof.worstLoss.toExponential(1)}, ` +
        `three optimizer steps ${proof.threeStepsEqual ? 'equal' : 'inside their rounding band'}.`,
    )
    await client.setBatch(settings.size, settings.classes, batch.targets)
    return { client, proof }
  } catch (error) {
    client.close()
    throw error
  }
}

function readSettings(args: string[]): Settings {
  const number = (name: string, fallback: number) => Number(readOption(args, name, String(fallback)))
  return {
    models: readOption(args, 'models', 'yolox-nano,yolox-tiny,yolox-s').split(','),
    classes: number('classes', 80),
    size: number('size', 320),
    batch: number('batch', 8),
    rounds: number('rounds', 5),
    steps: number('steps', 3),
    provider: readOption(args, 'provider', 'cpu'),
    threads: number('threads', availableParallelism()),
  }
}

/** The document of `--json`. */
export interface TrainReport {
  models: Record<string, TrainFigures>
  settings: Settings
  machine: Machine
  /** How the mirror was proven; null when it did not run. */
  mirror: MirrorProof | null
  /** Peak resident memory of this process, MiB. */
  peakMiB: number
}

/** Times whole training steps of YOLOX beside the PyTorch mirror, alternating in one run. */
export async function benchTrain(
  { root, args }: Pick<BenchContext, 'root' | 'args'>,
  note: (text: string) => void,
  onModel: (model: string, figures: TrainFigures) => void = () => {},
): Promise<TrainReport> {
  const settings = readSettings(args)
  const batch = makeBatch(settings)
  const machine = describeMachine()
  note(`${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}`)
  note(
    `${settings.batch} x 3 x ${settings.size} x ${settings.size}, ${settings.classes} classes, ` +
      `${batch.targets.flat().length} boxes; ${settings.rounds} turns of ${settings.steps} whole steps each, medians`,
  )
  note(describeLoad())
  const mirror = await startMirror(root, args, settings, batch, note)
  const models: Record<string, TrainFigures> = {}
  try {
    for (const model of settings.models) {
      models[model] = await measure(model, settings, batch, mirror)
      onModel(model, models[model])
    }
  } finally {
    mirror?.client.close()
  }
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024)
  return { models, settings, machine, mirror: mirror?.proof ?? null, peakMiB }
}

const columns = ['img/s', 'x NCHW', 'x chan.last', 'NCHW img/s', 'chan.last']
const cell = (value: number | null, digits: number) => (value === null ? '-' : value.toFixed(digits)).padStart(12)

export async function run(context: BenchContext): Promise<void> {
  const note = (text: string) => void (text && process.stderr.write(`${text}\n`))
  if (!context.json) console.log(`${'model'.padEnd(12)}${columns.map((column) => column.padStart(12)).join('')}`)
  const report = await benchTrain(context, note, (model, figures) => {
    if (context.json) return
    const { imagesPerSecond, ratioNchw, ratioChannelsLast, mirrorNchw, mirrorChannelsLast } = figures
    const cells = [cell(imagesPerSecond, 1), cell(ratioNchw, 2), cell(ratioChannelsLast, 2), cell(mirrorNchw, 1)]
    console.log(`${model.padEnd(12)}${cells.join('')}${cell(mirrorChannelsLast, 1)}`)
  })
  note(`Peak resident memory of this process: ${report.peakMiB} MiB`)
  if (context.json) console.log(JSON.stringify(report))
}
