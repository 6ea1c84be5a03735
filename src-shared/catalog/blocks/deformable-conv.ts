import { z } from 'zod'
import { convParams } from '../conv-block'
import { defineBlock } from '../define-block'
import { deformableConv, deformParams } from '../deformable'

/**
 * [N, C, H, W] -> [N, out, H / stride, W / stride]: a convolution whose taps are moved by offsets that a convolution
 * learns for every place; then batch norm and activation. The offsets are zero at first: an ordinary convolution. A
 * tenth of the learning rate is usual for them (`optimizer.groups` with the prefix of their layer `offset`).
 */
export default defineBlock({
  title: 'Deformable convolution, version 1',
  group: 'convolution',
  source: 'Dai et al. 2017, arXiv:1703.06211',
  params: z.strictObject({ ...convParams, ...deformParams }),
  start: 'A gain for each channel, zero at first, on what is added to the input.',
  build: (nn, x, params, { identity }) => deformableConv(nn, x, params, { modulated: false, identity }),
  examples: [
    { input: [2, 2, 4, 3], output: [2, 2, 4, 3], parameters: 382 },
    { input: [2, 4, 6, 6], params: { offsetGroups: 2, stride: 2, out: 6 }, output: [2, 6, 3, 3], parameters: 1560 },
  ],
})
