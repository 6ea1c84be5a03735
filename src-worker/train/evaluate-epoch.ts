/** Evaluates the averaged weights on the evaluation split. */
import { models } from '@shared/catalog/models'
import { evalThresholds } from '@shared/contract/worker'
import { evaluateWeights } from '../predict/evaluate-weights'
import type { RunPlan, TrainHost } from './train-run'
import type { TrainState } from './train-state'

/** @returns the COCO numbers by name. */
export async function evaluateEpoch(
  { recipe, header, val }: RunPlan,
  state: TrainState,
  host: TrainHost,
): Promise<Record<string, number>> {
  const { evaluation } = await evaluateWeights({
    model: models.get(recipe.model.id),
    params: recipe.model.params,
    classes: header.labels.length,
    tensors: state.averaged(),
    samples: val,
    header,
    size: [recipe.input.size, recipe.input.size],
    provider: recipe.provider,
    thresholds: evalThresholds,
    threadFile: host.threadFile,
    loaderThreads: host.loaderThreads,
    signal: host.signal,
  })
  return evaluation.coco
}
