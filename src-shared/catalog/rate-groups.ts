/** Learning-rate groups of a run: those of the recipe, and layer-wise decay from the output back to the input. */
import { TagwrightError } from '../base/errors'
import type { ModelDef } from './models/define'

export interface RateGroup {
  /** Beginning of parameter names. The first group that matches counts. */
  prefix: string
  /** Factor of the learning rate. */
  lr: number
}

/**
 * Layer-wise decay d gives the n-th layer from the output the factor d^n (Clark et al. 2020, ELECTRA, arXiv:2003.10555);
 * factors of the recipe's own groups multiply it.
 * @param layers beginnings of names from input to output; each parameter belongs to the first that matches.
 * @throws `bad-recipe` when the model's layers are not known.
 */
export function rateGroups(
  { groups, layerDecay }: { groups: readonly RateGroup[]; layerDecay: number },
  model: Pick<ModelDef, 'title' | 'layers'>,
): RateGroup[] {
  if (layerDecay === 1) return [...groups]
  const { layers } = model
  if (!layers) {
    throw new TagwrightError(
      'bad-recipe',
      `The order of the layers of ${model.title} is not known, so "optimizer.layerDecay" cannot be used. Leave it at 1 and list "optimizer.groups" instead.`,
    )
  }
  const decayed = layers.map((prefix, i) => ({ prefix, lr: layerDecay ** (layers.length - 1 - i) }))
  // A name's first group and first layer are both beginnings of it, so the longer of the two begins with the other: pairs
  // in the order (group, layer) are found by their first match again.
  const both = groups.flatMap((group) =>
    decayed.flatMap((layer) => {
      const [short, long] = [group.prefix, layer.prefix].sort((a, b) => a.length - b.length)
      return long.startsWith(short) ? [{ prefix: long, lr: group.lr * layer.lr }] : []
    }),
  )
  return [...both, ...decayed]
}
