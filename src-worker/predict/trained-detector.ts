/** A detector from weights in memory: a run's checkpoint, or the averages of a run in training. */
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import type { DetectorSpec } from '@shared/catalog/detector-signatures'
import type { ModelDef } from '@shared/catalog/models/define'
import type { Provider } from '@shared/domain/recipe'
import type { Skeleton } from '@shared/domain/skeleton'
import { resolveProvider } from '../runtime/auto-provider'
import { openSession } from '../runtime/session'
import { createDetector, type Detector } from './detector'

export interface TrainedDetectorOptions {
  model: ModelDef
  params?: Record<string, unknown>
  classes: number
  names?: string[] | null
  /** By class: of models that tell points. */
  skeletons?: readonly (Skeleton | null)[]
  /** Parameters and running statistics by name. */
  tensors: ReadonlyMap<string, Float32Array>
  batch: number
  /** Height and width of the network input. */
  size: readonly [number, number]
  /** Compute in float16 where an exported file would. */
  half?: boolean
  provider: Provider
  /** Threads for one op; default: all cores. */
  threads?: number
}

/** @throws `weights-do-not-fit`, `provider-unavailable`, `out-of-memory`. */
export async function openTrainedDetector(options: TrainedDetectorOptions): Promise<Detector> {
  const { model, params, classes, names = null, skeletons, tensors, batch, size, threads, half = false } = options
  const inference = buildInference(model, classes, tensors, { params, batch, size, half })
  const provider = await resolveProvider(options.provider)
  const session = await openSession(encodeInference(inference), { provider, ...(threads ? { threads } : {}) })
  return createDetector(session, trainedSpec({ model, params, classes, names, skeletons, batch, size }))
}

/** What a trained detector's graph takes and gives. */
export function trainedSpec({
  model,
  params = {},
  classes,
  names = null,
  skeletons = [],
  batch,
  size,
}: Pick<TrainedDetectorOptions, 'model' | 'params' | 'classes' | 'names' | 'batch' | 'size'> & {
  skeletons?: TrainedDetectorOptions['skeletons'] | undefined
}): DetectorSpec {
  const count = model.points?.(params) ?? 0
  return {
    input: { name: 'images', type: 'float32', layout: 'nchw', batch, height: size[0], width: size[1] },
    pixels: { ...model.input, mean: triple(model.input.mean), std: triple(model.input.std) },
    output: {
      name: 'output',
      format: count > 0 ? 'centre-objectness-classes-points' : 'centre-objectness-classes',
      suppressed: false,
    },
    classes,
    names,
    points: count > 0 ? { count, size: 3, skeletons } : null,
  }
}

const triple = ([a, b, c]: readonly number[]): [number, number, number] => [a, b, c]
