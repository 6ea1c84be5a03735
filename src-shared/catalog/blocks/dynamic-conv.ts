import { z } from 'zod'
import { conv, globalAveragePool, matmul, mul, reduceSum, relu, reshape, softmax } from '../../engine/ops'
import { defineBlock } from '../define-block'
import { convParams, finishConv } from '../conv-block'

/**
 * [N, C, H, W] -> [N, out, H / stride, W / stride]: a convolution whose kernel is a mixture of K kernels, with weights
 * softmax(W2 relu(W1 mean(x)) / T) of each image; then batch norm and activation. One image mixes its kernel; in a batch
 * the results of the K kernels are mixed, which is the same.
 */
export default defineBlock({
  title: 'Dynamic convolution',
  group: 'convolution',
  source: 'Chen et al. 2020, arXiv:1912.03458',
  params: z.strictObject({
    ...convParams,
    kernels: z.int().min(2).default(4),
    /** Hidden channels of the attention: C / reduction. */
    reduction: z.int().min(1).default(4),
    /** High: all kernels learn. The paper anneals it from 30 to 1 in the first epochs; here it stays. */
    temperature: z.number().positive().default(30),
  }),
  start: 'A gain for each channel, zero at first, on what is added to the input.',
  build(nn, x, params, { identity }) {
    const [n, c] = x.shape
    const { kernels, reduction, temperature, kernel: k, stride } = params
    const out = params.out ?? c
    const hidden = Math.max(1, Math.floor(c / reduction))
    const narrow = relu(nn.conv2d('fc1', globalAveragePool(x), hidden, 1))
    const logits = nn.conv2d('fc2', narrow, kernels, 1, { bias: true })
    const share = softmax(mul(reshape(logits, [n, kernels]), 1 / temperature), 1)
    const p = k >> 1
    const at = { strides: [stride, stride] as [number, number], pads: [p, p, p, p] as [number, number, number, number] }
    const weight = nn.param('weight', [kernels * out, c, k, k], { kind: 'conv' }, 'weight')
    if (n === 1) {
      const mixed = matmul(share, reshape(weight, [kernels, out * c * k * k]))
      return finishConv(nn, x, conv(x, reshape(mixed, [out, c, k, k]), at), params, identity)
    }
    const all = conv(x, weight, at)
    const parts = reshape(all, [n, kernels, out, ...all.shape.slice(2)])
    const y = reduceSum(mul(parts, reshape(share, [n, kernels, 1, 1, 1])), [1])
    return finishConv(nn, x, y, params, identity)
  },
  examples: [
    { input: [2, 4, 3, 4], params: { kernels: 2 }, output: [2, 4, 3, 4], parameters: 304 },
    { input: [1, 4, 4, 4], params: { kernels: 2, stride: 2, out: 6 }, output: [1, 6, 2, 2], parameters: 452 },
    { input: [2, 32, 6, 6], output: [2, 32, 6, 6], parameters: 37_220 },
  ],
})
