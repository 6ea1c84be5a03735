import { TagwrightError } from '@shared/base/errors'
import { detectorProgram } from '@shared/catalog/detector'
import { models } from '@shared/catalog/models'
import { optimizers } from '@shared/catalog/optimizers'
import { WeightAverage } from '../../src-worker/train/average'
import { initialTensors } from '../../src-worker/train/initial'
import { Stepper } from '../../src-worker/train/stepper'
import { probeBlock } from '../../src-worker/runtime/probe-block'
import type { ConcreteProvider } from '../../src-worker/runtime/session'
import { packImages } from '../helpers/pack'

/** What the benchmark needs of the engine: whole training steps on a batch that stays the same. */
export interface EngineTrainer {
  /**
   * One whole step: forward, assignment, loss, gradient, optimizer, average. Resolves when it has finished.
   * @param images float32 [batch, 3, size, size], 0..255
   * @param targets float32 [batch, maxObjects, 5]: class, cx, cy, w, h in pixels; rows of zeros are padding
   */
  step(images: Float32Array, targets: Float32Array): Promise<{ loss: number }>
  dispose(): Promise<void>
}

export interface EngineTrainerOptions {
  model: string
  classes: number
  size: number
  batch: number
  maxObjects: number
  provider: string
  threads: number
  /** Begins the names of ONNX Runtime profiles, when one is wanted. */
  profile?: string
}

/** The one place where the benchmark meets the engine. */
export async function createEngineTrainer(options: EngineTrainerOptions): Promise<EngineTrainer> {
  const { model, classes, size, batch, maxObjects, threads, profile } = options
  if (options.provider === 'auto')
    throw new TagwrightError('bad-input', 'Name the provider to measure, e.g. --provider cpu.')
  const provider = options.provider as ConcreteProvider
  const optimizer = optimizers.get('sgd')
  const block = provider === 'cpu' ? await probeBlock() : 0
  const program = detectorProgram({
    model: models.get(model),
    classes,
    batch,
    size: [size, size],
    optimizer,
    weightDecay: 5e-4,
    block,
  })
  const stepper = await Stepper.create(program, optimizer, initialTensors(program, 0), {
    provider,
    threads,
    profile,
    optimize: provider === 'cpu' ? 'basic' : 'all',
  })
  const average = new WeightAverage(stepper, { decay: 0.9998, tau: 2000 })
  const packed = new WeakMap<Float32Array, Uint8Array>()
  return {
    async step(images, targets) {
      // The loader's threads pack pixels in a real run; here the same batch is packed once.
      let bytes = packed.get(images)
      if (!bytes)
        packed.set(images, (bytes = packImages(images, [batch, 3, size, size], program.images.images.packing)))
      const { loss } = await stepper.step({
        images: { images: bytes },
        tensors: {
          targets: { data: targets, shape: [batch, maxObjects, 5] },
          useL1: { data: Float32Array.of(0), shape: [] },
        },
        lr: [0.00125],
        momentum: 0.9,
        beta2: 0.999,
        apply: 1,
      })
      average.update()
      return { loss }
    },
    dispose: () => stepper.close(),
  }
}
