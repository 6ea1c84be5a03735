/** Leaky ReLU's gradient in the blocked layout. */
import { type Op, type Value, none } from '../../graph'
import { max, mul } from '../../ops'
import type { BlockedRule } from '../lowering'

/** clip(alpha x + beta, 0, 1): with a huge alpha the vectorised form of a comparison. */
const HardSigmoid: Op = {
  name: 'HardSigmoid',
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  grad: none('emitted by lowerings only'),
  onnx: { attrs: (a) => ({ alpha: { f: a.alpha as number }, beta: { f: a.beta as number } }) },
  examples: [],
}

export const lowerLeakyReluGrad: BlockedRule = (at, node) => {
  const [dy, x] = node.inputs as Value[]
  if (!at.has(x, 'blocked')) return false
  const { value, map } = at.blocked(x)
  const positive = at.target.apply(HardSigmoid, [value], { alpha: 1e30, beta: 0 })[0]
  at.set(node.outputs[0], {
    blocked: { map, value: mul(at.blockedAs(dy, map), max(positive, node.attrs.alpha as number)) },
  })
  return true
}
