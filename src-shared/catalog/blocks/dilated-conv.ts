import { z } from 'zod'
import { convParams, finishConv } from '../conv-block'
import { defineBlock } from '../define-block'

/**
 * [N, C, H, W] -> [N, out, H / stride, W / stride]: a convolution with `dilation` - 1 skipped cells between its taps, so
 * that k taps span dilation (k - 1) + 1 cells; then batch norm and activation.
 */
export default defineBlock({
  title: 'Dilated convolution',
  group: 'convolution',
  source: 'Yu and Koltun 2016, arXiv:1511.07122',
  params: z.strictObject({ ...convParams, dilation: z.int().min(1).default(2) }),
  start: 'A gain for each channel, zero at first, on what is added to the input.',
  build(nn, x, params, { identity }) {
    const { kernel, stride, dilation, out } = params
    const y = nn.conv2d('conv', x, out ?? x.shape[1], kernel, { stride, dilation })
    return finishConv(nn, x, y, params, identity)
  },
  examples: [
    { input: [2, 3, 6, 5], output: [2, 3, 6, 5], parameters: 87 },
    { input: [2, 16, 9, 9], params: { dilation: 3, out: 8, stride: 2 }, output: [2, 8, 5, 5], parameters: 1168 },
  ],
})
