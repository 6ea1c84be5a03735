/** Cuts a training graph where its frozen part ends: what no training step can change need not be computed in one. */
import { Graph, type Value, isConst, isInput } from '../graph'
import { cast } from '../ops'

export interface FrozenCut {
  /** Values of the source that only frozen parameters and the data decide, and that the rest needs. */
  features: readonly Value[]
  /** The rest: the features are its inputs `feature/0`..., float16. */
  graph: Graph
  /** Images of the roots in the rest. */
  roots: Value[]
}

/** Name of the input that takes the place of feature `i`. */
export const featureName = (i: number): string => `feature/${i}`

/**
 * @param roots what the rest must still give.
 * @param isData inputs that the frozen part may read (images).
 * @param isFrozen inputs that never change (parameters and statistics). All other inputs belong to the rest.
 * @returns null when nothing of the graph is frozen.
 */
export function cutFrozen(
  source: Graph,
  roots: readonly Value[],
  isData: (name: string) => boolean,
  isFrozen: (name: string) => boolean,
): FrozenCut | null {
  const nodes = source.reachable(roots)
  const moving = new Set<Value>()
  const seeing = new Set<Value>()
  for (const { inputs, outputs, attrs } of nodes) {
    const name = isInput(outputs[0]) ? (attrs.name as string) : null
    const moves = name === null ? inputs.some((v) => v && moving.has(v)) : !isData(name) && !isFrozen(name)
    const sees = name === null ? inputs.some((v) => v && seeing.has(v)) : isData(name)
    for (const v of outputs) {
      if (moves) moving.add(v)
      if (sees) seeing.add(v)
    }
  }
  const features: Value[] = []
  const wanted = (v: Value | null): void => {
    if (v && !moving.has(v) && seeing.has(v) && !isInput(v) && !features.includes(v)) features.push(v)
  }
  for (const node of nodes) if (moving.has(node.outputs[0])) node.inputs.forEach(wanted)
  roots.forEach(wanted)
  if (features.length === 0) return null
  const graph = new Graph()
  const image = new Map<Value, Value>()
  features.forEach((v, i) => {
    // Half the memory and reading; what activations need.
    const fed = graph.input(featureName(i), v.shape, v.dtype === 'float32' ? 'float16' : v.dtype)
    image.set(v, cast(fed, v.dtype))
  })
  const get = (v: Value): Value => {
    const known = image.get(v)
    if (known) return known
    const made = isConst(v)
      ? graph.constant(source.data(v), v.shape, v.dtype, v.node.attrs.name as string | undefined)
      : isInput(v)
        ? graph.input(v.node.attrs.name as string, v.shape, v.dtype)
        : copy(v)
    image.set(v, made)
    return made
  }
  // Frozen values that see no data (a cast weight) are few and cheap: they are copied where they are needed.
  const copy = (v: Value): Value => {
    const { node } = v
    const scope = node.path.split('.').slice(0, -1).join('.')
    const results = graph.scope(scope, () =>
      graph.apply(
        node.op,
        node.inputs.map((x) => (x ? get(x) : null)),
        node.attrs,
      ),
    )
    node.outputs.forEach((y, i) => image.has(y) || image.set(y, results[i]))
    return results[v.index]
  }
  // In order, so that deep graphs do not recurse deeply.
  for (const node of nodes) if (moving.has(node.outputs[0])) node.outputs.forEach(get)
  return { features, graph, roots: roots.map(get) }
}
