/** Evaluates the averaged weights on the evaluation split, epoch after epoch, decoding its images once. */
import { models } from '@shared/catalog/models'
import { evalThresholds } from '@shared/contract/worker'
import type { EvalLoader } from '../data/types'
import { createEvaluationLoader, evaluateWeights } from '../predict/evaluate-weights'
import type { RunPlan, TrainHost } from './plan'
import type { Tensors } from './stepper'

export class EpochEvaluation {
  private readonly plan: RunPlan
  private readonly loader: EvalLoader

  constructor(plan: RunPlan, host: TrainHost) {
    this.plan = plan
    const { recipe, val } = plan
    this.loader = createEvaluationLoader({
      model: models.get(recipe.model.id),
      samples: val,
      size: [recipe.input.size, recipe.input.size],
      threadFile: host.threadFile,
      loaderThreads: host.loaderThreads,
      onBadSample: ({ name, message }) =>
        host.report.log('warning', `${name}: ${message} It is left out of the evaluation.`),
    })
  }

  /** @returns the COCO numbers by name. */
  async run(tensors: Tensors, signal: AbortSignal): Promise<Record<string, number>> {
    const { recipe, header, val } = this.plan
    const { evaluation } = await evaluateWeights({
      model: models.get(recipe.model.id),
      params: recipe.model.params,
      classes: header.labels.length,
      tensors,
      samples: val,
      header,
      size: [recipe.input.size, recipe.input.size],
      provider: recipe.provider,
      thresholds: evalThresholds,
      loader: this.loader,
      signal,
    })
    return evaluation.coco
  }

  close(): Promise<void> {
    return this.loader.close()
  }
}
