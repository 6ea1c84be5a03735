import { z } from 'zod'
import { conv, globalAveragePool, reshape, sigmoid } from '../../engine/ops'
import { defineBlock } from '../define-block'
import { applyGate } from '../identity-start'

/** Channels that one gate looks at: the odd number at |(log2 C + 1) / 2|, or the next one. 64: 3, 256: 5, 2048: 7. */
export function ecaKernel(channels: number): number {
  const t = Math.floor(Math.abs((Math.log2(channels) + 1) / 2))
  return t % 2 ? t : t + 1
}

/** [N, C, H, W] -> the same: each channel times sigmoid of a convolution over the neighbouring channels' means. */
export default defineBlock({
  title: 'Efficient channel attention (ECA)',
  group: 'attention',
  source: 'Wang et al. 2020, arXiv:1910.03151',
  params: z.strictObject({
    /** Channels that one gate looks at; null: by the number of channels. */
    kernel: z
      .int()
      .min(1)
      .refine((k) => k % 2 === 1, 'must be odd')
      .nullable()
      .default(null),
  }),
  start: 'A gain for each channel, zero at first, blends the gate in.',
  build(nn, x, { kernel }, { identity }) {
    const [n, c] = x.shape
    const k = kernel ?? ecaKernel(c)
    const gate = nn.scope('conv', () => {
      const weight = nn.param('weight', [1, 1, k], { kind: 'conv' }, 'weight')
      const line = reshape(globalAveragePool(x), [n, 1, c, 1])
      return conv(line, reshape(weight, [1, 1, k, 1]), { pads: [k >> 1, 0, k >> 1, 0] })
    })
    return applyGate(nn, x, sigmoid(reshape(gate, [n, c, 1, 1])), identity)
  },
  examples: [
    { input: [2, 6, 3, 2], params: { kernel: 3 }, output: [2, 6, 3, 2], parameters: 3 },
    { input: [2, 64, 4, 4], output: [2, 64, 4, 4], parameters: 3 },
    { input: [1, 256, 2, 2], output: [1, 256, 2, 2], parameters: 5 },
    { input: [1, 2048, 1, 1], output: [1, 2048, 1, 1], parameters: 7 },
  ],
})
