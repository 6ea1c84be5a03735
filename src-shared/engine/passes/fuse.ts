/** Rewrites that save a pass over memory without changing the result beyond rounding. */
import { Graph, type Node, type Value, isConst, isInput } from '../graph'
import { ConvInputGrad } from '../ops'

/**
 * Add(ConvInputGrad(dy, w), z) becomes ConvInputGrad(dy, w, z): the convolution accumulates onto z, so that joining
 * the gradients of a value with several consumers costs nothing.
 * @returns a new graph and the images of the given roots.
 */
export function fuse(graph: Graph, roots: readonly Value[]): { graph: Graph; roots: Value[] } {
  const out = new Graph()
  const image = new Map<Value, Value>()
  const nodes = graph.reachable(roots)
  const uses = new Map<Value, number>()
  for (const node of nodes) for (const v of node.inputs) if (v) uses.set(v, (uses.get(v) ?? 0) + 1)
  for (const v of roots) uses.set(v, (uses.get(v) ?? 0) + 1)
  const absorbable = (v: Value): boolean =>
    v.node.op === ConvInputGrad && v.node.inputs.length === 2 && uses.get(v) === 1
  const map = (v: Value | null) => (v ? image.get(v)! : null)
  for (const node of nodes) {
    const [first] = node.outputs
    if (isInput(first)) image.set(first, out.input(node.attrs.name as string, first.shape, first.dtype))
    else if (isConst(first)) image.set(first, out.constant(graph.data(first), first.shape, first.dtype))
    else out.scope(scopeOf(node), () => node.outputs.forEach((v, i) => image.set(v, copy(node)[i])))
  }
  return { graph: out, roots: roots.map((v) => image.get(v)!) }

  function copy(node: Node): readonly Value[] {
    if (node.op.name === 'Add') {
      const [a, b] = node.inputs as Value[]
      const taken = [a, b].find((v) => absorbable(v) && v.shape.join() === node.outputs[0].shape.join())
      if (taken) {
        const inner = taken.node.inputs.map(map)
        return out.apply(ConvInputGrad, [...inner, map(taken === a ? b : a)], taken.node.attrs)
      }
    }
    return out.apply(node.op, node.inputs.map(map), node.attrs)
  }
}

const scopeOf = (node: Node): string => node.path.split('.').slice(0, -1).join('.')
