/** U-Net, Ronneberger et al. 2015, arXiv:1505.04597, in its present form: padded convolutions, norms, a residual. */
import { z } from 'zod'
import { add, concat, maxPool, relu, upsample } from '../../engine/ops'
import type { Value } from '../../engine/graph'
import { channelsParam, defineDenoiser, quiet } from './denoise/common'

export default defineDenoiser({
  title: 'U-Net',
  source: 'Ronneberger et al. 2015, arXiv:1505.04597',
  stride: 16,
  strideOf: ({ levels }) => 2 ** levels,
  learningRate: 1e-3,
  params: z.strictObject({
    channels: channelsParam,
    /** Channels at full size; they double with each level. */
    width: z.int().min(4).max(128).default(32),
    levels: z.int().min(1).max(6).default(4),
  }),
  // 64 channels and four levels are the original's; its transposed convolutions are 1x1 ones after nearest neighbours here.
  examples: [{ classes: 0, parameters: 7_240_867 }],
  build(nn, images, { channels, width, levels }) {
    const double = (name: string, x: Value, out: number): Value =>
      nn.scope(name, () => {
        const first = relu(nn.batchNorm('bn1', nn.conv2d('conv1', x, out, 3), { epsilon: 1e-5, momentum: 0.9 }))
        return relu(nn.batchNorm('bn2', nn.conv2d('conv2', first, out, 3), { epsilon: 1e-5, momentum: 0.9 }))
      })
    const skips: Value[] = []
    let x = double('inc', images, width)
    for (let level = 1; level <= levels; level++) {
      skips.push(x)
      x = double(`down${level}`, maxPool(x, 2, 2, 0), width * 2 ** level)
    }
    for (let level = levels - 1; level >= 0; level--) {
      const wide = nn.conv2d(`up${levels - level}.reduce`, upsample(x, 2), width * 2 ** level, 1, { bias: true })
      x = double(`up${levels - level}`, concat([skips[level], wide], 1), width * 2 ** level)
    }
    return add(images, nn.conv2d('outc', x, channels, 1, { bias: true, biasInit: 0, init: quiet(width, 1) }))
  },
})
