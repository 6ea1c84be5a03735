/** Reverse-mode differentiation: one walk over the graph in reverse topological order. */
import { TagwrightError } from '../base/errors'
import { type Graph, type Shape, type Value, sameShape } from './graph'
import { add, reduceSum, reshape } from './ops'

/**
 * Gradients of a scalar with respect to values of the same graph.
 * @param loss float32 scalar.
 * @param wrt values to differentiate by, usually parameters.
 * @returns one value per entry of `wrt`, in its shape; a constant zero where the loss does not depend on it.
 * @throws `no-gradient` naming the op when a path from `wrt` to the loss crosses an op without a gradient rule.
 */
export function grad(loss: Value, wrt: readonly Value[]): Value[] {
  const graph = loss.node.graph
  if (loss.shape.length !== 0)
    throw new TagwrightError('bad-graph', `The loss has shape [${loss.shape}]; it must be a scalar.`)
  const needed = dependants(graph, wrt)
  const gradients = new Map<Value, Value>([[loss, graph.scalar(1)]])
  const nodes = graph.reachable([loss]).filter((node) => needed.has(node.id))
  for (const node of nodes.reverse()) {
    const outer = node.outputs.map((v) => gradients.get(v) ?? null)
    if (outer.every((g) => g === null) || !node.inputs.some((v) => v && (needed.has(v.node.id) || wrt.includes(v))))
      continue
    if ('none' in node.op.grad) {
      if (node.op.name === 'Identity' || node.outputs[0].dtype !== 'float32') continue
      throw new TagwrightError(
        'no-gradient',
        `${node.path} has no gradient (${node.op.grad.none}), yet a trained parameter reaches the loss through it.`,
      )
    }
    const rule = node.op.grad
    const inner = graph.scope(`${node.path}.grad`, () =>
      rule({ node, inputs: node.inputs as readonly Value[], outputs: node.outputs, gradients: outer }),
    )
    node.inputs.forEach((input, i) => {
      const raw = inner[i]
      if (!input || !raw || !(needed.has(input.node.id) || wrt.includes(input))) return
      const g = unbroadcast(raw, input.shape)
      const before = gradients.get(input)
      gradients.set(input, before ? add(before, g) : g)
    })
  }
  return wrt.map(
    (v) => gradients.get(v) ?? graph.constant(new Float32Array(v.shape.reduce((a, b) => a * b, 1)), v.shape),
  )
}

/** Ids of the nodes through which a change of one of `wrt` passes. */
function dependants(graph: Graph, wrt: readonly Value[]): Set<number> {
  const roots = new Set(wrt)
  const ids = new Set<number>(wrt.map((v) => v.node.id))
  for (const node of graph.nodes)
    if (node.inputs.some((v) => v && (roots.has(v) || ids.has(v.node.id)))) ids.add(node.id)
  return ids
}

/** Sums a gradient over the dimensions that broadcasting repeated. */
function unbroadcast(g: Value, shape: Shape): Value {
  if (sameShape(g.shape, shape)) return g
  const extra = g.shape.length - shape.length
  const axes = g.shape.map((d, i) => (i < extra || (shape[i - extra] === 1 && d !== 1) ? i : -1)).filter((i) => i >= 0)
  return reshape(axes.length ? reduceSum(g, axes, true) : g, shape)
}
