import { z } from 'zod'
import { activate } from '../../engine/nn'
import { convParams, finishConv } from '../conv-block'
import { defineBlock } from '../define-block'

/**
 * [N, C, H, W] -> [N, out, H / stride, W / stride]: a convolution of each channel by itself, then a 1 x 1 convolution
 * across them, each with batch norm and activation. Costs 1 / out + 1 / k^2 of a full convolution.
 */
export default defineBlock({
  title: 'Depth-wise separable convolution',
  group: 'convolution',
  source: 'Howard et al. 2017, arXiv:1704.04861',
  params: z.strictObject(convParams),
  start: 'A gain for each channel, zero at first, on what is added to the input.',
  build(nn, x, params, { identity }) {
    const { kernel, stride, activation, out } = params
    const channels = x.shape[1]
    const spatial = nn.scope('depthwise', () => {
      const y = nn.conv2d('conv', x, channels, kernel, { stride, groups: channels })
      return activate(nn.batchNorm('bn', y, { epsilon: 1e-5, momentum: 0.9 }), activation)
    })
    return finishConv(nn, x, nn.conv2d('pointwise', spatial, out ?? channels, 1), params, identity)
  },
  examples: [
    { input: [2, 3, 4, 4], output: [2, 3, 4, 4], parameters: 48 },
    { input: [2, 32, 6, 6], params: { out: 16, stride: 2, kernel: 5 }, output: [2, 16, 3, 3], parameters: 1408 },
  ],
})
