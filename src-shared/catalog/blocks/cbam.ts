import { z } from 'zod'
import { concat, globalAveragePool, reduceMax, reduceSum, relu, sigmoid } from '../../engine/ops'
import { defineBlock } from '../define-block'
import { applyGate } from '../identity-start'
import { spatialGate, spatialParams } from './spatial-attention'

/**
 * [N, C, H, W] -> the same: first each channel times sigmoid(MLP(mean) + MLP(max)) with one MLP of C / reduction hidden
 * channels, then each place times its spatial gate.
 */
export default defineBlock({
  title: 'CBAM: channel, then spatial attention',
  group: 'attention',
  source: 'Woo et al. 2018, arXiv:1807.06521',
  params: z.strictObject({ reduction: z.int().min(1).default(16), kernel: spatialParams }),
  start: 'Two gains, zero at first: one for each channel, one for the places.',
  build(nn, x, { reduction, kernel }, { identity }) {
    const channels = x.shape[1]
    const narrowed = nn.scope('channel', () => {
      // Mean and maximum as two places of one small image: the shared MLP runs once.
      const pair = concat([globalAveragePool(x), reduceMax(x, [2, 3], true)], 3)
      const hidden = relu(nn.conv2d('fc1', pair, Math.max(1, Math.floor(channels / reduction)), 1, { bias: true }))
      const logits = reduceSum(nn.conv2d('fc2', hidden, channels, 1, { bias: true }), [3], true)
      return applyGate(nn, x, sigmoid(logits), identity)
    })
    return nn.scope('spatial', () => applyGate(nn, narrowed, spatialGate(nn, narrowed, kernel), identity))
  },
  examples: [
    { input: [2, 4, 3, 4], params: { reduction: 2, kernel: 3 }, output: [2, 4, 3, 4], parameters: 42 },
    { input: [2, 64, 7, 8], output: [2, 64, 7, 8], parameters: 680 },
  ],
})
