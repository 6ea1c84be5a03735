/** How long a training step takes on this machine, and how much memory: a few steps on noise. One batch a process. */
import type { z } from 'zod'
import { rng } from '@shared/base/rng'
import { TagwrightError } from '@shared/base/errors'
import { modelOf } from '@shared/catalog/models'
import { channelsOf } from '@shared/catalog/models/define'
import { tasks } from '@shared/catalog/tasks'
import { trainingProgram } from '@shared/catalog/training-program'
import type { workerContract } from '@shared/contract/worker'
import { parseRecipe } from '@shared/domain/recipe'
import { size as sizeOf } from '@shared/engine/graph'
import type { WorkerReport } from '../report'
import { resolveProvider } from '../runtime/auto-provider'
import { keepsFeatures } from './batches'
import { initialTensors } from './initial'
import { programOptions } from './program-options'
import { type ResolvedRecipe, resolveRecipe } from './resolve-recipe'
import { type Stage, stagesOf } from './stages'
import { Stepper } from './stepper'
import { TrunkRunner } from './trunk-runner'

type Measure = (typeof workerContract)['methods']['measure']
type Report = Pick<WorkerReport, 'progress'>

const WARM_UP = 2
const STEPS = 3
const TRUTHS = 8

type Input = Omit<z.output<Measure['input']>, 'labels'> & Partial<Pick<z.output<Measure['input']>, 'labels'>>

interface Measured {
  /** Mean over the epochs of the stage. */
  seconds: number
  memory: number
}

/** Where parts thaw or the optimizer changes, the mean over the run: frozen parts cost their forward pass, and that once an image where features are kept. */
export async function measureStep(
  { recipe: given, images, classes, labels = [], batch }: Input,
  { report, signal }: { report: Report; signal?: AbortSignal | undefined },
): Promise<z.input<Measure['output']>> {
  const parsed = parseRecipe(given)
  const provider = await resolveProvider(parsed.provider)
  const def = modelOf(parsed.model)
  const params =
    def.complete && !def.needsFile ? def.complete(parsed.model.params, parsed.input.size, labels) : parsed.model.params
  const model = { ...parsed.model, params }
  const points = tasks.get(parsed.task).points?.(labels.map((label) => ({ cocoId: 0, color: '', ...label }))).count ?? 0
  const recipe = resolveRecipe({ ...parsed, model, batch: { ...parsed.batch, size: batch } }, images, provider)
  const answer = { provider, epochs: recipe.epochs, seconds: null, memory: null }
  let seconds = 0
  let memory = 0
  try {
    for (const stage of stagesOf(recipe)) {
      const found = await measureStage(recipe, stage, { images, classes, points, report, signal })
      seconds += (found.seconds * (stage.to - stage.from)) / recipe.epochs
      memory = Math.max(memory, found.memory)
    }
    return { ...answer, seconds, memory }
  } catch (error) {
    if (error instanceof TagwrightError && error.code === 'out-of-memory') return answer
    throw error
  }
}

async function measureStage(
  recipe: ResolvedRecipe,
  stage: Stage,
  at: { images: number; classes: number; points: number; report: Report; signal: AbortSignal | undefined },
): Promise<Measured> {
  const { provider } = recipe
  const { size } = recipe.input
  const batch = recipe.batch.size
  at.report.progress('building the step', 0, null)
  const options = await programOptions(recipe, stage, at.classes)
  const program = trainingProgram(options)
  const optimize = provider === 'cpu' ? 'basic' : 'all'
  const initial = initialTensors(program, 0)
  const stepper = await Stepper.create(program, options.optimizer, initial, { provider, optimize })
  const trunk = program.trunk && (await TrunkRunner.open(program.trunk, initial, { provider }))
  try {
    const random = rng(0, 'measure')
    const seen = program.images.images
    const pixels = seen && Uint8Array.from({ length: sizeOf(seen.shape) }, () => random.int(0, 255))
    const shape = [batch, channelsOf(modelOf(recipe.model), recipe.model.params), size, size]
    const plain = trunk && Uint8Array.from({ length: sizeOf(shape) }, () => random.int(0, 255))
    const task = tasks.get(recipe.task)
    const noise = () => ({ data: Float32Array.from({ length: sizeOf(shape) }, () => random.next()), shape })
    const planes = task.pixels === 'planes' ? { images: noise(), clean: noise() } : null
    const width = 5 + 3 * at.points
    const targets = new Float32Array(batch * TRUTHS * width)
    for (let row = 0; row < batch * TRUTHS; row++) {
      const side = size * (0.1 + 0.3 * random.next())
      const place = () => side / 2 + (size - side) * random.next()
      const points = Array.from({ length: at.points }, () => [place(), place(), 1])
      targets.set(
        [random.int(0, Math.max(0, at.classes - 1)), place(), place(), side, side, ...points.flat()],
        width * row,
      )
    }
    const steps: number[] = []
    const trunks: number[] = []
    let memory = 0
    for (let i = 0; i < WARM_UP + STEPS; i++) {
      at.signal?.throwIfAborted()
      const started = performance.now()
      const features = trunk ? await trunk.run(plain!, shape) : undefined
      const between = performance.now()
      await stepper.step({
        ...(pixels ? { images: { images: pixels } } : {}),
        ...(features ? { features } : {}),
        tensors:
          planes ?? task.feeds({ targets, count: batch, maxGt: TRUTHS, width: size, height: size, closing: false }),
        lr: Array.from({ length: program.learningRates }, () => 1e-6),
        momentum: recipe.optimizer.momentum,
        beta2: recipe.optimizer.beta2,
        apply: 1,
      })
      if (i >= WARM_UP) {
        trunks.push((between - started) / 1000)
        steps.push((performance.now() - between) / 1000)
      }
      memory = Math.max(memory, process.memoryUsage.rss())
      at.report.progress('measuring', i + 1, WARM_UP + STEPS)
    }
    const isKept = trunk && !seen && keepsFeatures(recipe, trunk.length, at.images)
    const share = isKept ? Math.min(1, recipe.features.variants / (stage.to - stage.from)) : 1
    // The fastest of a few: what else runs on the machine only ever adds.
    return { seconds: Math.min(...steps) + share * Math.min(...trunks), memory }
  } finally {
    await trunk?.close()
    await stepper.close()
  }
}
