import { z } from 'zod'
import { convParams } from '../conv-block'
import { defineBlock } from '../define-block'
import { deformableConv, deformParams } from '../deformable'

/**
 * As version 1, and each tap is multiplied by a learned number of 0..1, sigmoid of a convolution that gives zero (so one
 * half) at first.
 */
export default defineBlock({
  title: 'Deformable convolution, version 2',
  group: 'convolution',
  source: 'Zhu et al. 2019, arXiv:1811.11168',
  params: z.strictObject({ ...convParams, ...deformParams }),
  start: 'A gain for each channel, zero at first, on what is added to the input.',
  build: (nn, x, params, { identity }) => deformableConv(nn, x, params, { modulated: true, identity }),
  examples: [
    { input: [2, 2, 4, 3], output: [2, 2, 4, 3], parameters: 553 },
    { input: [2, 4, 5, 6], params: { dilation: 2, groups: 2 }, output: [2, 4, 5, 6], parameters: 1079 },
  ],
})
