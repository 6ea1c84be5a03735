/** Half precision for inference: float16 weights and activations, float32 where numbers must stay wide. */
import { toFloat16 } from '../../base/float16'
import { Graph, type Node, type Value, isConst, isInput } from '../graph'
import { cast } from '../ops'

/**
 * Inputs of the graph stay float32 and are cast inside.
 * @param keep nodes that compute in float32. Values that leave the graph are float32 whoever computed them.
 * @returns a new graph (without outputs) and the images of the given values.
 */
export function halfPrecision(
  source: Graph,
  roots: readonly Value[],
  keep: (node: Node) => boolean,
): { graph: Graph; roots: Value[] } {
  const out = new Graph()
  const image = new Map<Value, Value>()
  const halves = new Map<Value, Value>()
  const get = (v: Value): Value => {
    const known = image.get(v)
    if (known) return known
    const made = isConst(v)
      ? out.constant(source.data(v), v.shape, v.dtype, v.node.attrs.name as string | undefined)
      : out.input(v.node.attrs.name as string, v.shape, v.dtype)
    image.set(v, made)
    return made
  }
  const wide = (v: Value): Value => (get(v).dtype === 'float16' ? cast(get(v), 'float32') : get(v))
  const narrow = (v: Value): Value => {
    if (v.dtype !== 'float32') return get(v)
    const known = halves.get(v) ?? (image.get(v)?.dtype === 'float16' ? image.get(v) : undefined)
    if (known) return known
    const made = isConst(v)
      ? out.constant(
          toFloat16(source.data(v) as Float32Array),
          v.shape,
          'float16',
          v.node.attrs.name as string | undefined,
        )
      : cast(get(v), 'float16')
    halves.set(v, made)
    return made
  }
  for (const node of source.reachable(roots)) {
    const [first] = node.outputs
    if (isInput(first) || isConst(first)) continue
    const scope = node.path.split('.').slice(0, -1).join('.')
    out.scope(scope, () => {
      const inputs = node.inputs.map((v) => (v ? (keep(node) ? wide(v) : narrow(v)) : null))
      const results = out.apply(node.op, inputs, node.attrs)
      node.outputs.forEach((v, i) => image.set(v, results[i]))
    })
  }
  return { graph: out, roots: roots.map(wide) }
}
