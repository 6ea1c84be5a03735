/** Batch normalisation over [N, H, W] for each channel of NCHW. */
import { type Op, type Value, none } from '../graph'
import { add, div, mul, neg, sqrt, sub } from './elementwise'
import { reduceMean, reduceSum } from './linear'
import { reshape } from './shape'

const column = (v: Value): Value => reshape(v, [1, v.shape[0], 1, 1])

/** Inference form: (x, gamma, beta, mean, var). Frozen statistics get no gradient. */
export const BatchNormalization: Op = {
  name: 'BatchNormalization',
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  grad({ node, inputs: [x, gamma, , mean, variance], gradients: [g] }) {
    const inv = div(1, sqrt(add(variance, node.attrs.epsilon as number)))
    const normal = mul(sub(x, column(mean)), column(inv))
    return [
      mul(g!, column(mul(gamma, inv))),
      reduceSum(mul(g!, normal), [0, 2, 3]),
      reduceSum(g!, [0, 2, 3]),
      null,
      null,
    ]
  },
  onnx: { attrs: (a) => ({ epsilon: { f: a.epsilon as number } }) },
  examples: [
    {
      inputs: [
        { shape: [2, 3, 2, 2] },
        { shape: [3] },
        { shape: [3] },
        { shape: [3] },
        { shape: [3], low: 0.5, high: 2 },
      ],
      attrs: { epsilon: 1e-3 },
    },
  ],
}

/**
 * Training form: (x, gamma, beta) -> (y, mean, var): the batch's own mean and biased variance. No gradient flows into
 * the two statistics (they feed running averages only).
 */
export const BatchNormTrain: Op = {
  name: 'BatchNormTrain',
  infer: ([x, gamma]) => [x!, gamma!, gamma!].map(({ shape, dtype }) => ({ shape, dtype })),
  grad({ node, inputs: [x, gamma], outputs: [, mean, variance], gradients: [g] }) {
    return [...node.graph.apply(BatchNormGrad, [g!, x, gamma, mean, variance], node.attrs)]
  },
  onnx: 'macro',
  lower({ inputs: [x, gamma, beta], node: { attrs } }) {
    // Two passes: the variance of what is left after the mean keeps its digits.
    const mean = reduceMean(reduceMean(x, [2, 3]), [0])
    const centred = sub(x, column(mean))
    const variance = reduceMean(reduceMean(mul(centred, centred), [2, 3]), [0])
    const y = x.node.graph.apply(BatchNormalization, [x, gamma, beta, mean, variance], attrs)[0]
    return [y, mean, variance]
  },
  examples: [{ inputs: [{ shape: [2, 3, 3, 2] }, { shape: [3] }, { shape: [3] }], attrs: { epsilon: 1e-3 } }],
}

/**
 * (dy, x, gamma, mean, var) -> (dx, dgamma, dbeta). Needs only two sums per channel: of dy and of dy x.
 * dx = a dy + b x + c with a = gamma/std, b = -a t/(M var+), c chosen so that dx sums to zero; t = sum(dy (x - mean)).
 */
export const BatchNormGrad: Op = {
  name: 'BatchNormGrad',
  infer: ([, x, gamma]) => [x!, gamma!, gamma!].map(({ shape, dtype }) => ({ shape, dtype })),
  grad: none('second derivatives are not built'),
  onnx: 'macro',
  lower({ inputs: [dy, x, gamma, mean, variance], node: { attrs } }) {
    const [n, , h, w] = x.shape
    const inv = div(1, sqrt(add(variance, attrs.epsilon as number)))
    const sumDy = reduceSum(reduceSum(dy, [2, 3]), [0])
    const t = reduceSum(reduceSum(mul(dy, sub(x, column(mean))), [2, 3]), [0])
    const dgamma = mul(t, inv)
    const a = mul(gamma, inv)
    const b = neg(mul(mul(a, inv), mul(dgamma, 1 / (n * h * w))))
    const c = neg(add(mul(a, mul(sumDy, 1 / (n * h * w))), mul(b, mean)))
    return [add(add(mul(dy, column(a)), mul(x, column(b))), column(c)), dgamma, sumDy]
  },
  examples: [
    {
      inputs: [
        { shape: [2, 3, 3, 2] },
        { shape: [2, 3, 3, 2] },
        { shape: [3] },
        { shape: [3] },
        { shape: [3], low: 0.5, high: 2 },
      ],
      attrs: { epsilon: 1e-3 },
    },
  ],
}

/** @returns y and the batch statistics [mean, biased variance], each [C]. */
export const batchNormTrain = (x: Value, gamma: Value, beta: Value, epsilon: number): readonly Value[] =>
  x.node.graph.apply(BatchNormTrain, [x, gamma, beta], { epsilon })
export const batchNorm = (x: Value, gamma: Value, beta: Value, mean: Value, variance: Value, epsilon: number): Value =>
  x.node.graph.apply(BatchNormalization, [x, gamma, beta, mean, variance], { epsilon })[0]

export const normOps = { BatchNormalization, BatchNormTrain, BatchNormGrad }
