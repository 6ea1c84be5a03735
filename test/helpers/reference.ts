/**
 * Interprets a graph in float64 with plain loops, macros included: what a graph means, written once more without any
 * of the engine's tricks. The table has an entry for every op: an op without one does not compile.
 */
import { type Graph, type Op, type Value, isConst, isInput } from '@shared/engine/graph'
import { type OpName, ops } from '@shared/engine/ops'
import { contract } from './reference/contract'
import { elementwise } from './reference/elementwise'
import { pool } from './reference/pool'
import { sample } from './reference/sample'
import { shape } from './reference/shape'
import { type RefRule, type RefTensor, refTensor } from './reference/tensor'

export { type RefTensor, refTensor } from './reference/tensor'

const rules: Readonly<Record<OpName, RefRule>> = { ...elementwise, ...shape, ...contract, ...pool, ...sample }
const ruleOf = new Map<Op, RefRule>(Object.entries(ops).map(([key, op]) => [op, rules[key as OpName]]))

/**
 * @param feeds numbers of each graph input by name, in C order.
 * @param held values that are taken as given instead of being computed.
 * @returns the wanted values, in order.
 */
export function interpret(
  wanted: readonly Value[],
  feeds: Readonly<Record<string, ArrayLike<number>>>,
  held: ReadonlyMap<Value, RefTensor> = new Map(),
): RefTensor[] {
  const graph: Graph = wanted[0].node.graph
  const known = new Map<Value, RefTensor>()
  for (const node of graph.reachable(wanted)) {
    const [first] = node.outputs
    if (held.has(first)) node.outputs.forEach((v) => known.set(v, held.get(v)!))
    else if (isInput(first)) {
      const name = node.attrs.name as string
      const data = feeds[name]
      if (data?.length !== first.shape.reduce((a, b) => a * b, 1))
        throw new Error(`input ${name} [${first.shape}] was fed ${data?.length} numbers`)
      known.set(first, refTensor(first.shape, first.dtype, data))
    } else if (isConst(first)) {
      known.set(first, refTensor(first.shape, first.dtype, Array.from(graph.data(first) as Float32Array, Number)))
    } else {
      const rule = ruleOf.get(node.op)
      if (!rule) throw new Error(`${node.path}: the interpreter has no ${node.op.name}`)
      const like = (i: number) => refTensor(node.outputs[i].shape, node.outputs[i].dtype)
      const outputs = rule({ inputs: node.inputs.map((v) => (v ? known.get(v)! : null!)), node, like })
      node.outputs.forEach((v, i) => known.set(v, outputs[i]))
    }
  }
  return wanted.map((v) => known.get(v)!)
}
