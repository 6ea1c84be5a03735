import { z } from 'zod'
import { TagwrightError } from '../../base/errors'
import type { Value } from '../../engine/graph'
import { add, matmul, mul, reshape, softmax, transpose } from '../../engine/ops'
import { defineBlock } from '../define-block'
import { applyResidual } from '../identity-start'

/**
 * x [N, C, H, W] and a context [N, D, H', W'] of another stage (x itself where none is given) -> x + attention, shape of
 * x: the places of x ask the places of the context, in several heads of C / heads channels.
 */
export default defineBlock({
  title: 'Cross-attention',
  group: 'attention',
  source: 'Vaswani et al. 2017, arXiv:1706.03762, section 3.2',
  params: z.strictObject({
    /** Must divide the channels. */
    heads: z.int().min(1).default(4),
  }),
  start: 'A gain for each channel, zero at first, on what is added to the input.',
  context: true,
  build(nn, x, { heads }, { identity, context = x }) {
    const [n, c, h, w] = x.shape
    if (c % heads)
      throw new TagwrightError(
        'bad-recipe',
        `Cross-attention with ${heads} heads does not fit ${c} channels. Choose heads that divide them.`,
        { heads, channels: c },
      )
    const size = c / heads
    const split = (map: Value) => reshape(map, [n, heads, size, map.shape[2] * map.shape[3]])
    const [query, key, value] = (['query', 'key', 'value'] as const).map((name) =>
      split(nn.conv2d(name, name === 'query' ? x : context, c, 1, { bias: true })),
    )
    const scores = matmul(transpose(mul(query, 1 / Math.sqrt(size)), [0, 1, 3, 2]), key)
    const heard = matmul(value, transpose(softmax(scores, 3), [0, 1, 3, 2]))
    const out = nn.conv2d('out', reshape(heard, [n, c, h, w]), c, 1, { bias: true })
    return identity ? applyResidual(nn, x, out, true) : add(x, out)
  },
  examples: [
    { input: [2, 4, 2, 3], context: [2, 3, 2, 2], params: { heads: 2 }, output: [2, 4, 2, 3], parameters: 72 },
    { input: [2, 32, 5, 4], output: [2, 32, 5, 4], parameters: 4224 },
  ],
})
