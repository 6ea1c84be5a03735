import { TagwrightError } from '@shared/base/errors'

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
}

/** The one place where the benchmark meets the engine. */
export function createEngineTrainer(options: EngineTrainerOptions): Promise<EngineTrainer> {
  return Promise.reject(
    new TagwrightError(
      'not-connected',
      `No engine trainer for ${options.model} is connected; connect it in engine-trainer.ts.`,
    ),
  )
}
