import { modelOf } from '@shared/catalog/models'
import { optimizers } from '@shared/catalog/optimizers'
import { rateGroups } from '@shared/catalog/rate-groups'
import type { ProgramOptions } from '@shared/catalog/training-program'
import { probeBlock } from '../runtime/probe-block'
import type { ResolvedRecipe } from './resolve-recipe'
import type { Stage } from './stages'

/** The training step of a stage of a run, the same whether it is measured or trained. */
export async function programOptions(recipe: ResolvedRecipe, stage: Stage, classes: number): Promise<ProgramOptions> {
  const { input, optimizer, batch, loss, provider } = recipe
  const model = modelOf(recipe.model)
  return {
    model,
    params: recipe.model.params,
    classes,
    batch: batch.size,
    size: [input.size, input.size],
    optimizer: optimizers.get(stage.optimizer),
    weightDecay: optimizer.weightDecay,
    clip: optimizer.clip,
    accumulate: batch.accumulate,
    loss,
    freeze: stage.freeze,
    groups: rateGroups(optimizer, model),
    block: provider === 'cpu' ? await probeBlock() : 0,
  }
}
