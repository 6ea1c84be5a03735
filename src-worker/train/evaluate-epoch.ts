/** Evaluates the averaged weights on the evaluation split, epoch after epoch, decoding its images once. */
import { splitInference } from '@shared/catalog/detector-inference'
import type { DetectorSpec } from '@shared/catalog/detector-signatures'
import { frozenNames } from '@shared/catalog/frozen-names'
import { modelOf } from '@shared/catalog/models'
import { evalThresholds } from '@shared/contract/inference'
import type { Detection } from '@shared/domain/detection'
import type { EvalBatch, EvalLoader } from '../data/types'
import { decodeOutput } from '../predict/decode-output'
import type { Detector } from '../predict/detector'
import { createEvaluationLoader } from '../predict/evaluate-weights'
import { trainedSpec } from '../predict/trained-detector'
import { openSession, tensor } from '../runtime/session'
import { workerTasks } from '../tasks'
import type { RunEvaluation } from '../tasks/worker-task'
import type { RunPlan, TrainHost } from './plan'
import type { Tensors } from './stepper'
import { type Features, TrunkRunner } from './trunk-runner'

const BATCH = 8
/** Of kept features in memory; beyond it the frozen layers are computed each time. */
const KEPT_BYTES = 2 ** 30

interface KeptBatch {
  batch: EvalBatch
  features: Features
}

export class EpochEvaluation implements RunEvaluation {
  /** Detections of the last evaluation by sample id. */
  found: ReadonlyMap<number, Detection[]> = new Map()
  private readonly plan: RunPlan
  private readonly loader: EvalLoader
  /** Batches without their pixels (an empty array stands for them), and what the frozen layers make of them; null before the first evaluation. */
  private kept: KeptBatch[] | null = null
  /** The frozen parts that they are of. */
  private keptOf = ''

  constructor(plan: RunPlan, host: TrainHost) {
    this.plan = plan
    const { recipe, val } = plan
    this.loader = createEvaluationLoader({
      model: modelOf(recipe.model),
      samples: val,
      size: [recipe.input.size, recipe.input.size],
      batch: BATCH,
      threadFile: host.threadFile,
      loaderThreads: host.loaderThreads,
      onBadSample: ({ name, message }) =>
        host.report.log('warning', `${name}: ${message} It is left out of the evaluation.`),
    })
  }

  /** @returns the task's numbers by name. */
  async run(tensors: Tensors, freeze: readonly string[], signal: AbortSignal): Promise<Record<string, number>> {
    const { recipe, header, val } = this.plan
    const options = {
      model: modelOf(recipe.model),
      params: recipe.model.params,
      classes: header.labels.length,
      tensors,
      size: [recipe.input.size, recipe.input.size] as const,
      provider: recipe.provider,
      batch: BATCH,
    }
    const kept = await this.openKept(tensors, freeze, signal)
    const { scores, found } = await workerTasks[recipe.task].evaluateWeights!({
      ...options,
      samples: val,
      header,
      thresholds: evalThresholds,
      loader: kept?.loader ?? this.loader,
      ...(kept ? { detector: kept.detector } : {}),
      signal,
    })
    this.found = found
    return scores
  }

  /** Where layers are frozen, their features are computed at the first evaluation and the rest alone runs from then on. */
  private async openKept(
    tensors: Tensors,
    freeze: readonly string[],
    signal: AbortSignal,
  ): Promise<{ loader: EvalLoader; detector: Detector } | null> {
    const { header, val } = this.plan
    const recipe = { ...this.plan.recipe, freeze }
    // Another part is frozen now: what was kept is of no use.
    if (this.keptOf !== freeze.join()) this.kept = null
    this.keptOf = freeze.join()
    if (recipe.freeze.length === 0 || recipe.features.cache === false) return null
    const model = modelOf(recipe.model)
    const size = [recipe.input.size, recipe.input.size] as const
    const frozen = frozenNames(model, recipe.model.params, recipe.freeze)
    const split = splitInference(model, header.labels.length, tensors, frozen, {
      params: recipe.model.params,
      batch: BATCH,
      size,
    })
    if (!split) return null
    if (!this.kept) {
      const trunk = await TrunkRunner.open(split.trunk, tensors, { provider: recipe.provider })
      try {
        if (2 * trunk.length * val.length > KEPT_BYTES) return null
        const kept: KeptBatch[] = []
        for await (const batch of this.loader.batches()) {
          signal.throwIfAborted()
          const features = await trunk.run(batch.images as Float32Array, batch.shape)
          kept.push({ batch: { ...batch, images: new Uint8Array(0) }, features })
          batch.release()
        }
        this.kept = kept
      } finally {
        await trunk.close()
      }
    }
    const session = await openSession(split.rest, { provider: recipe.provider })
    const spec = trainedSpec({
      model,
      params: recipe.model.params,
      classes: header.labels.length,
      batch: BATCH,
      size,
    })
    return { loader: keptLoader(this.kept), detector: featureDetector(session, spec, this.kept) }
  }

  close(): Promise<void> {
    return this.loader.close()
  }
}

const keptLoader = (kept: readonly KeptBatch[]): EvalLoader => ({
  async *batches() {
    for (const { batch } of kept) yield { ...batch, waitMs: 0, release: () => {} }
  },
  close: async () => {},
})

/** Finds the features of a batch by the array that stands for its pixels. */
function featureDetector(
  session: Awaited<ReturnType<typeof openSession>>,
  spec: DetectorSpec,
  kept: readonly KeptBatch[],
): Detector {
  const featuresOf = new Map(kept.map(({ batch, features }) => [batch.images, features]))
  const feed = async (images: EvalBatch['images']) => {
    const inputs = Object.entries(featuresOf.get(images)!).map(([name, { data, shape }]) => [
      name,
      tensor('float16', data, shape),
    ])
    const { output } = await session.run(Object.fromEntries(inputs))
    return { data: output.data as Float32Array, dims: output.dims }
  }
  const { width, height } = spec.input
  const points = spec.points ?? undefined
  return {
    spec,
    pack: { layout: 'nchw', type: 'float32' },
    async run(images, _, count, conf) {
      const result = await feed(images)
      const { format } = spec.output
      return Array.from({ length: count }, (_, image) =>
        decodeOutput(result, { format, image, conf, width, height, points }),
      )
    },
    runRaw: async (images) => (await feed(images)).data,
    close: () => session.close(),
  }
}
