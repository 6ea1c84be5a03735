/** How long a training step takes on this machine, and how much memory: a few steps on noise. One batch a process. */
import type { z } from 'zod'
import { rng } from '@shared/base/rng'
import { TagwrightError } from '@shared/base/errors'
import { modelOf } from '@shared/catalog/models'
import { optimizers } from '@shared/catalog/optimizers'
import { tasks } from '@shared/catalog/tasks'
import { trainingProgram } from '@shared/catalog/training-program'
import type { workerContract } from '@shared/contract/worker'
import { parseRecipe } from '@shared/domain/recipe'
import type { WorkerReport } from '../report'
import { resolveProvider } from '../runtime/auto-provider'
import { probeBlock } from '../runtime/probe-block'
import { initialTensors } from './initial'
import { resolveRecipe } from './resolve-recipe'
import { Stepper } from './stepper'

type Measure = (typeof workerContract)['methods']['measure']

const WARM_UP = 2
const STEPS = 3
const TRUTHS = 8

/** Frozen layers count as trained: the figure is an upper bound for fine-tuning. */
export async function measureStep(
  { recipe: given, images, classes, batch }: z.output<Measure['input']>,
  { report, signal }: { report: Pick<WorkerReport, 'progress'>; signal?: AbortSignal | undefined },
): Promise<z.input<Measure['output']>> {
  const parsed = parseRecipe(given)
  const provider = await resolveProvider(parsed.provider)
  const recipe = resolveRecipe({ ...parsed, batch: { ...parsed.batch, size: batch } }, images, provider)
  const { size } = recipe.input
  const optimizer = optimizers.get(recipe.optimizer.id)
  report.progress('building the step', 0, null)
  const program = trainingProgram({
    model: modelOf(recipe.model),
    params: recipe.model.params,
    classes,
    batch,
    size: [size, size],
    optimizer,
    weightDecay: recipe.optimizer.weightDecay,
    clip: recipe.optimizer.clip,
    accumulate: recipe.batch.accumulate,
    loss: recipe.loss,
    groups: recipe.optimizer.groups,
    block: provider === 'cpu' ? await probeBlock() : 0,
  })
  const answer = { provider, epochs: recipe.epochs, seconds: null, memory: null }
  let stepper: Stepper
  try {
    const optimize = provider === 'cpu' ? 'basic' : 'all'
    stepper = await Stepper.create(program, optimizer, initialTensors(program, 0), { provider, optimize })
  } catch (error) {
    if (error instanceof TagwrightError && error.code === 'out-of-memory') return answer
    throw error
  }
  try {
    const random = rng(0, 'measure')
    const length = program.images.images.shape.reduce((a, b) => a * b, 1)
    const pixels = Uint8Array.from({ length }, () => random.int(0, 255))
    const targets = new Float32Array(batch * TRUTHS * 5)
    for (let row = 0; row < batch * TRUTHS; row++) {
      const side = size * (0.1 + 0.3 * random.next())
      const at = () => side / 2 + (size - side) * random.next()
      targets.set([random.int(0, classes - 1), at(), at(), side, side], 5 * row)
    }
    const times: number[] = []
    let memory = 0
    for (let i = 0; i < WARM_UP + STEPS; i++) {
      signal?.throwIfAborted()
      const started = performance.now()
      await stepper.step({
        images: { images: pixels },
        tensors: tasks.get(recipe.task).feeds({ targets, count: batch, maxGt: TRUTHS, closing: false }),
        lr: Array.from({ length: program.learningRates }, () => 1e-6),
        momentum: recipe.optimizer.momentum,
        beta2: recipe.optimizer.beta2,
        apply: 1,
      })
      if (i >= WARM_UP) times.push((performance.now() - started) / 1000)
      memory = Math.max(memory, process.memoryUsage.rss())
      report.progress('measuring', i + 1, WARM_UP + STEPS)
    }
    // The fastest of a few: what else runs on the machine only ever adds.
    return { ...answer, seconds: Math.min(...times), memory }
  } catch (error) {
    if (error instanceof TagwrightError && error.code === 'out-of-memory') return answer
    throw error
  } finally {
    await stepper.close()
  }
}
