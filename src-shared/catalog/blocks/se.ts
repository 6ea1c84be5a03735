import { z } from 'zod'
import { globalAveragePool, relu, sigmoid } from '../../engine/ops'
import { defineBlock } from '../define-block'
import { applyGate } from '../identity-start'

/** [N, C, H, W] -> the same: each channel times sigmoid(W2 relu(W1 mean(x))), W1 to C / reduction channels, with biases. */
export default defineBlock({
  title: 'Squeeze and excitation (SE)',
  group: 'attention',
  source: 'Hu et al. 2018, arXiv:1709.01507',
  params: z.strictObject({ reduction: z.int().min(1).default(16) }),
  start: 'A gain for each channel, zero at first, blends the gate in.',
  build(nn, x, { reduction }, { identity }) {
    const channels = x.shape[1]
    const hidden = Math.max(1, Math.floor(channels / reduction))
    const narrow = relu(nn.conv2d('fc1', globalAveragePool(x), hidden, 1, { bias: true }))
    return applyGate(nn, x, sigmoid(nn.conv2d('fc2', narrow, channels, 1, { bias: true })), identity)
  },
  examples: [
    { input: [2, 4, 3, 3], params: { reduction: 2 }, output: [2, 4, 3, 3], parameters: 22 },
    { input: [2, 64, 5, 6], output: [2, 64, 5, 6], parameters: 580 },
  ],
})
