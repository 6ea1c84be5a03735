/** Runs the calibration pass of folded batch norms over some training images. */
import { type Moments, calibrateNorm, normProgram } from '@shared/catalog/calibrate-norms'
import type { ModelDef } from '@shared/catalog/models/define'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { createEvaluationLoader } from '../predict/evaluate-weights'
import { openSession, tensor } from '../runtime/session'
import type { Tensors } from './stepper'

/** Statistics of a channel are means over thousands of pixels an image: more images change little. */
const CALIBRATION_IMAGES = 64
const BATCH = 8

export interface CalibrateOptions {
  model: ModelDef
  classes: number
  params: Record<string, unknown>
  /** Scope names of the norms. */
  norms: readonly string[]
  samples: readonly SnapshotSample[]
  size: readonly [number, number]
  threadFile: string | null
  loaderThreads: number
  signal?: AbortSignal
}

/** @param tensors weights of the whole model; the norms' entries are replaced. The network computes the same after it. */
export async function calibrateNorms(tensors: Tensors, options: CalibrateOptions): Promise<void> {
  const { model, norms, size, samples } = options
  if (norms.length === 0) return
  const step = Math.max(1, samples.length / CALIBRATION_IMAGES)
  const chosen = Array.from(
    { length: Math.min(samples.length, CALIBRATION_IMAGES) },
    (_, i) => samples[Math.floor(i * step)],
  )
  const batch = Math.min(BATCH, chosen.length)
  const program = normProgram(model, tensors, norms, { ...options, batch })
  const loader = createEvaluationLoader({ ...options, samples: chosen, batch })
  const session = await openSession(program.onnx, { provider: 'cpu' })
  const sums = new Map<string, { mean: Float64Array; square: Float64Array }>()
  let batches = 0
  try {
    for await (const { images, count, release } of loader.batches()) {
      options.signal?.throwIfAborted()
      // Border images of a last, partly filled batch would count as data.
      if (count < batch && batches > 0) continue
      const outputs = await session.run({ images: tensor('float32', images as Float32Array, [batch, 3, ...size]) })
      release()
      batches++
      for (const { scope } of program.norms) {
        const mean = outputs[`mean/${scope}`].data as Float32Array
        const variance = outputs[`variance/${scope}`].data as Float32Array
        const sum = sums.get(scope) ?? { mean: new Float64Array(mean.length), square: new Float64Array(mean.length) }
        for (let c = 0; c < mean.length; c++) {
          sum.mean[c] += mean[c]
          sum.square[c] += variance[c] + mean[c] ** 2
        }
        sums.set(scope, sum)
      }
    }
  } finally {
    await session.close()
    await loader.close()
  }
  for (const norm of program.norms) {
    const sum = sums.get(norm.scope)
    if (!sum) continue
    const mean = sum.mean.map((m) => m / batches)
    const moments: Moments = { mean, variance: sum.square.map((s, c) => Math.max(0, s / batches - mean[c] ** 2)) }
    calibrateNorm(tensors, norm, moments)
  }
}
