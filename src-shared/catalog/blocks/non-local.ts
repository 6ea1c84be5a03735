import { z } from 'zod'
import { add, matmul, maxPool, reshape, softmax, transpose } from '../../engine/ops'
import { defineBlock } from '../define-block'

/**
 * [N, C, H, W] -> the same: x + BN(W z), where z at each place is the mean of g(x) over all places, weighted by
 * softmax(theta(x) . phi(x)): the embedded Gaussian form. The weights of an image are (H W) squared numbers: 10 MB at
 * 40 x 40, 160 MB at 80 x 80; `subsample` makes it a quarter.
 */
export default defineBlock({
  title: 'Non-local',
  group: 'attention',
  source: 'Wang et al. 2018, arXiv:1711.07971',
  params: z.strictObject({
    /** The three embeddings have C / reduction channels. */
    reduction: z.int().min(1).default(2),
    /** Max-pools phi and g by 2. */
    subsample: z.boolean().default(false),
  }),
  start: 'The scale of the last batch norm is zero at first, as in the paper.',
  build(nn, x, { reduction, subsample }) {
    const [n, c, h, w] = x.shape
    const inner = Math.max(1, Math.floor(c / reduction))
    const embed = (name: string, pool: boolean) => {
      const y = nn.conv2d(name, x, inner, 1, { bias: true })
      const map = pool ? maxPool(y, 2, 2, 0) : y
      return reshape(map, [n, inner, map.shape[2] * map.shape[3]])
    }
    const [theta, phi, g] = [embed('theta', false), embed('phi', subsample), embed('g', subsample)]
    const weights = softmax(matmul(transpose(theta, [0, 2, 1]), phi), 2)
    const z = reshape(transpose(matmul(weights, transpose(g, [0, 2, 1])), [0, 2, 1]), [n, inner, h, w])
    return add(x, nn.batchNorm('bn', nn.conv2d('out', z, c, 1), { epsilon: 1e-5, momentum: 0.9, scale: 0 }))
  },
  examples: [
    { input: [2, 4, 4, 3], output: [2, 4, 4, 3], parameters: 46 },
    { input: [2, 32, 6, 6], params: { subsample: true }, output: [2, 32, 6, 6], parameters: 2160 },
  ],
})
