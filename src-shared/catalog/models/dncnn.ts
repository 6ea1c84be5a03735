/** DnCNN, Zhang et al. 2017, arXiv:1608.03981: a plain stack of convolutions that tells the noise. */
import { z } from 'zod'
import { relu, sub } from '../../engine/ops'
import { channelsParam, defineDenoiser, quiet } from './denoise/common'

export default defineDenoiser({
  title: 'DnCNN',
  source: 'Zhang et al. 2017, arXiv:1608.03981',
  stride: 1,
  learningRate: 3e-3,
  params: z.strictObject({
    channels: channelsParam,
    /** Convolutions; the field of view is 2 depth + 1 px. */
    depth: z.int().min(3).max(40).default(17),
    width: z.int().min(4).max(256).default(64),
  }),
  examples: [
    { classes: 0, parameters: 556_096, params: { channels: 1 } },
    { classes: 0, parameters: 558_400 },
  ],
  build(nn, images, { channels, depth, width }) {
    return nn.scope('dncnn', () => {
      // Names count layers as the original's sequence does: convolution, [norm,] activation.
      let x = relu(nn.conv2d('0', images, width, 3, { bias: true }))
      for (let i = 1; i < depth - 1; i++) {
        const at = 3 * i - 1
        x = nn.conv2d(String(at), x, width, 3)
        x = relu(nn.batchNorm(String(at + 1), x, { epsilon: 1e-4, momentum: 0.95 }))
      }
      return sub(images, nn.conv2d(String(3 * (depth - 1) - 1), x, channels, 3, { init: quiet(width, 3) }))
    })
  },
})
