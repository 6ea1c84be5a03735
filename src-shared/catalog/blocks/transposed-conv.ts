import { z } from 'zod'
import { TagwrightError } from '../../base/errors'
import { convTranspose } from '../../engine/ops'
import { convParams, finishConv } from '../conv-block'
import { defineBlock } from '../define-block'

/**
 * [N, C, H, W] -> [N, out, H stride, W stride]: every input cell paints a k x k patch of the larger map; then batch norm
 * and activation. Weights [C, out / groups, k, k] as in PyTorch; output side (H - 1) stride - 2 pad + k + extra.
 */
export default defineBlock({
  title: 'Transposed convolution',
  group: 'convolution',
  source: 'Zeiler et al. 2010, doi:10.1109/CVPR.2010.5539957; Dumoulin and Visin 2016, arXiv:1603.07285',
  params: z.strictObject({
    ...convParams,
    kernel: z.int().min(1).default(4),
    stride: z.int().min(1).default(2),
    groups: z.int().min(1).default(1),
  }),
  start: 'With stride 1 and as many channels: a gain, zero at first, on what is added to the input.',
  build(nn, x, params, { identity }) {
    const { kernel: k, stride, groups } = params
    const channels = x.shape[1]
    const out = params.out ?? channels
    // Padding and extra rows that make the output exactly `stride` times as large.
    const cut = Math.ceil((k - stride) / 2)
    const extra = 2 * cut + stride - k
    if (k < stride || channels % groups || out % groups)
      throw new TagwrightError(
        'bad-recipe',
        `A transposed convolution of kernel ${k}, stride ${stride} and ${groups} groups does not fit ${channels} channels in and ${out} out. The kernel must reach over the stride, groups must divide both.`,
        { kernel: k, stride, groups, channels, out },
      )
    const y = nn.scope('conv', () => {
      const weight = nn.param('weight', [channels, out / groups, k, k], { kind: 'conv' }, 'weight')
      return convTranspose(x, weight, {
        strides: [stride, stride],
        pads: [cut, cut, cut, cut],
        group: groups,
        outputPadding: [extra, extra],
      })
    })
    return finishConv(nn, x, y, params, identity)
  },
  examples: [
    { input: [2, 3, 2, 3], output: [2, 3, 4, 6], parameters: 150 },
    { input: [2, 4, 3, 3], params: { kernel: 3, out: 6, groups: 2 }, output: [2, 6, 6, 6], parameters: 120 },
    { input: [2, 16, 4, 5], params: { kernel: 3, stride: 1 }, output: [2, 16, 4, 5], parameters: 2336 },
  ],
})
