import { z } from 'zod'
import { TagwrightError } from '../../base/errors'
import { convParams, finishConv } from '../conv-block'
import { defineBlock } from '../define-block'

/**
 * [N, C, H, W] -> [N, out, H / stride, W / stride]: `groups` convolutions side by side, each on its own C / groups
 * channels; then batch norm and activation.
 */
export default defineBlock({
  title: 'Grouped convolution',
  group: 'convolution',
  source: 'Xie et al. 2017, arXiv:1611.05431',
  params: z.strictObject({
    ...convParams,
    /** Must divide the channels of input and output. */
    groups: z.int().min(1).default(4),
  }),
  start: 'A gain for each channel, zero at first, on what is added to the input.',
  build(nn, x, params, { identity }) {
    const { kernel, stride, groups } = params
    const channels = x.shape[1]
    const out = params.out ?? channels
    if (channels % groups || out % groups)
      throw new TagwrightError(
        'bad-recipe',
        `${groups} groups do not fit ${channels} channels in and ${out} out. Choose groups that divide both.`,
        { groups, channels, out },
      )
    return finishConv(nn, x, nn.conv2d('conv', x, out, kernel, { stride, groups }), params, identity)
  },
  examples: [
    { input: [2, 4, 4, 3], params: { groups: 2 }, output: [2, 4, 4, 3], parameters: 80 },
    { input: [2, 32, 6, 6], params: { out: 48, stride: 2 }, output: [2, 48, 3, 3], parameters: 3552 },
  ],
})
