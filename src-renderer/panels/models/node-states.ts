/** What a training would do with each node of a network, for chosen features and the node where training begins. */
import type { Network } from '@shared/contract/models'

export type NodeState =
  /** Its weights learn. */
  | 'trained'
  /** Its weights stay. */
  | 'frozen'
  /** It has no weights; gradients pass through it. */
  | 'passes'
  /** It has no weights, and nothing before it learns. */
  | 'fixed'
  /** Not needed for the features. */
  | 'out'
  /** Gradients have to pass and cannot, or it cannot be imported: see `blockedReason`. */
  | 'blocked'

export interface TrainingChoice {
  /** Names of values that the new head stands on; empty: the network as it is. */
  features: readonly string[]
  /** Index of the first node that learns; null: all do. `all`: none does, the head alone is trained. */
  from: number | 'all' | null
}

/** One state for each node. The rule for `from` is that of the recipe's `before:<node>`. */
export function nodeStates(network: Network, { features, from }: TrainingChoice): NodeState[] {
  const { nodes } = network
  const needed = neededFor(network, features)
  const fed = new Set(network.inputs.map(({ name }) => name))
  const seesImage = nodes.map(() => false)
  const learns = nodes.map(() => false)
  nodes.forEach((node, i) => {
    seesImage[i] = node.inputs.some((input) => fed.has(input.name) || (input.from !== null && seesImage[input.from]))
    learns[i] =
      from === null ||
      i === from ||
      (from !== 'all' && node.inputs.some((one) => one.from !== null && learns[one.from]))
  })
  // What is made of weights alone (one that is de-quantised) belongs to the nodes that use it.
  if (typeof from === 'number')
    for (let i = nodes.length - 1; i >= 0; i--)
      if (learns[i]) for (const input of nodes[i].inputs) if (input.from !== null && !seesImage[input.from]) learns[input.from] = true // prettier-ignore
  const moving = nodes.map(() => false)
  return nodes.map((node, i) => {
    if (!needed[i]) return 'out'
    const isTrained = node.parameters > 0 && learns[i] && !node.frozen
    const isAfterTrained = node.inputs.some((input) => input.from !== null && moving[input.from])
    moving[i] = isTrained || isAfterTrained
    if (node.problem !== null) return 'blocked'
    if (isAfterTrained && node.gradient !== null) return 'blocked'
    if (isTrained) return 'trained'
    if (node.parameters > 0) return 'frozen'
    return isAfterTrained ? 'passes' : 'fixed'
  })
}

/** Nodes that lie before a feature, or before an output where no feature is chosen. */
function neededFor({ nodes, outputs }: Network, features: readonly string[]): boolean[] {
  const ends = new Set(features.length > 0 ? features : outputs.map(({ name }) => name))
  const needed = nodes.map((node) => node.outputs.some(({ name }) => ends.has(name)))
  // The catalog's models have one output, of their last node, without its name.
  if (!needed.includes(true)) needed.fill(true)
  for (let i = nodes.length - 1; i >= 0; i--)
    if (needed[i]) for (const { from } of nodes[i].inputs) if (from !== null) needed[from] = true
  return needed
}

export const blockedReason = ({ problem, gradient }: Network['nodes'][number]): string => problem ?? gradient ?? ''

/** Numbers that learn, of all. */
export function learningShare({ nodes }: Network, states: readonly NodeState[]): { trained: number; used: number } {
  const sum = (wanted: (state: NodeState) => boolean) =>
    nodes.reduce((total, node, i) => (wanted(states[i]) ? total + node.parameters : total), 0)
  return { trained: sum((state) => state === 'trained'), used: sum((state) => state !== 'out') }
}
