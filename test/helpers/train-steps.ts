/** Runs a detector's training program for some steps on one batch. */
import { type DetectorProgramOptions, detectorProgram } from '@shared/catalog/detector'
import type { Program } from '@shared/engine/step'
import { initialTensors } from '../../src-worker/train/initial'
import { Stepper, type Tensors } from '../../src-worker/train/stepper'
import { TrunkRunner } from '../../src-worker/train/trunk-runner'
import type { SessionOptions } from '../../src-worker/runtime/session'
import type { DetectorBatch } from './detector-batch'
import { packImages } from './pack'

export interface TrainStepsOptions {
  steps: number
  lr: readonly number[]
  momentum?: number
  beta2?: number
  useL1?: number
  seed?: number
  initial?: Tensors
}
export interface TrainStepsResult {
  program: Program
  metrics: Record<string, number>[]
  /** Logical tensors after the last step. */
  params: Tensors
  stats: Tensors
}

/** One micro-batch per step, in turn from `batches`; with accumulation the last of each group applies. */
export async function trainSteps(
  model: DetectorProgramOptions,
  batches: readonly DetectorBatch[],
  session: SessionOptions,
  { steps, lr, momentum = 0.9, beta2 = 0.999, useL1 = 0, seed = 0, initial }: TrainStepsOptions,
): Promise<TrainStepsResult> {
  const program = detectorProgram(model)
  const start = initial ?? initialTensors(program, seed)
  const stepper = await Stepper.create(program, model.optimizer, start, session)
  const trunk = program.trunk && (await TrunkRunner.open(program.trunk, start, session))
  const metrics: Record<string, number>[] = []
  for (let i = 0; i < steps; i++) {
    const batch = batches[i % batches.length]
    metrics.push(
      await stepper.step({
        // A frozen trunk sees the images in the program's stead, unless other layers see them too.
        ...(program.images.images && {
          images: { images: packImages(batch.images, batch.shape, program.images.images.packing) },
        }),
        ...(trunk && { features: await trunk.run(batch.images, batch.shape) }),
        tensors: {
          targets: { data: batch.targets, shape: batch.targetShape },
          useL1: { data: Float32Array.of(useL1), shape: [] },
        },
        lr,
        momentum,
        beta2,
        apply: (i + 1) % program.accumulate === 0 ? 1 : 0,
      }),
    )
  }
  const result = { program, metrics, params: stepper.read('param'), stats: stepper.read('stat') }
  await stepper.close()
  await trunk?.close()
  return result
}
