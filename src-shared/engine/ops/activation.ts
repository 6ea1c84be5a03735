/** Activations and losses that are worth one op of their own because of how they are computed. */
import { type Op, type Value, none } from '../graph'
import { add, erf, greater, mask, mul, neg, relu, sigmoid, softplus, sub } from './elementwise'

const same: Op['infer'] = ([x]) => [{ shape: x!.shape, dtype: x!.dtype }]

/** SiLU, x sigmoid(x) (Elfwing et al. 2017, arXiv:1702.03118). */
export const Silu: Op = {
  name: 'Silu',
  infer: same,
  grad: ({ node, inputs: [x], outputs: [y], gradients: [g] }) => [node.graph.apply(SiluGrad, [g!, x, y])[0]],
  onnx: 'macro',
  lower: ({ inputs: [x] }) => [mul(x, sigmoid(x))],
  examples: [{ inputs: [{ shape: [2, 3, 2, 2], low: -4, high: 4 }] }],
}
/** (dy, x, y) -> dy s (1 + x - y) with s = sigmoid(x). */
export const SiluGrad: Op = {
  name: 'SiluGrad',
  infer: same,
  grad: none('second derivatives are not built'),
  onnx: 'macro',
  lower: ({ inputs: [dy, x, y] }) => [mul(mul(dy, sigmoid(x)), add(sub(x, y), 1))],
  examples: [{ inputs: [{ shape: [2, 3, 2, 2] }, { shape: [2, 3, 2, 2] }, { shape: [2, 3, 2, 2] }] }],
}
/** x where x > 0, else alpha x. */
export const LeakyRelu: Op = {
  name: 'LeakyRelu',
  infer: same,
  grad: ({ node, inputs: [x], gradients: [g] }) => [node.graph.apply(LeakyReluGrad, [g!, x], node.attrs)[0]],
  onnx: { attrs: (a) => ({ alpha: { f: a.alpha as number } }) },
  examples: [{ inputs: [{ shape: [2, 3, 2, 2] }], attrs: { alpha: 0.1 } }],
}
/** (dy, x) -> dy where x > 0, else alpha dy. */
export const LeakyReluGrad: Op = {
  name: 'LeakyReluGrad',
  infer: same,
  grad: none('second derivatives are not built'),
  onnx: 'macro',
  lower({ inputs: [dy, x], node: { attrs } }) {
    const alpha = attrs.alpha as number
    return [mul(dy, add(mul(mask(greater(x, 0)), 1 - alpha), alpha))]
  },
  examples: [{ inputs: [{ shape: [2, 3, 2, 2] }, { shape: [2, 3, 2, 2] }], attrs: { alpha: 0.1 } }],
}
/** Binary cross-entropy of logits x against targets t in [0, 1], elementwise: softplus(x) - x t. */
export const BceWithLogits: Op = {
  name: 'BceWithLogits',
  infer: same,
  grad: ({ inputs: [x, t], gradients: [g] }) => [mul(g!, sub(sigmoid(x), t)), null],
  onnx: 'macro',
  lower: ({ inputs: [x, t] }) => [sub(softplus(x), mul(x, t))],
  examples: [
    {
      inputs: [
        { shape: [2, 5], low: -4, high: 4 },
        { shape: [2, 5], low: 0, high: 1 },
      ],
    },
  ],
}

export const silu = (x: Value): Value => x.node.graph.apply(Silu, [x])[0]
export const leakyRelu = (x: Value, alpha: number): Value => x.node.graph.apply(LeakyRelu, [x], { alpha })[0]
/** x times the normal distribution function of x (Hendrycks and Gimpel 2016, arXiv:1606.08415), not its approximation. */
export const gelu = (x: Value): Value => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1))
/** x where x > 0, else slope x (He et al. 2015, arXiv:1502.01852). @param slope broadcasts to x and may be trained. */
export const prelu = (x: Value, slope: Value): Value => sub(relu(x), mul(slope, relu(neg(x))))
/** Targets have x's shape and receive no gradient. */
export const bceWithLogits = (x: Value, target: Value): Value => x.node.graph.apply(BceWithLogits, [x, target])[0]

export const activationOps = { Silu, SiluGrad, LeakyRelu, LeakyReluGrad, BceWithLogits }
