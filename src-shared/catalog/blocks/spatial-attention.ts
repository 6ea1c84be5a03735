import { z } from 'zod'
import type { Value } from '../../engine/graph'
import type { Nn } from '../../engine/nn'
import { concat, reduceMax, reduceMean, sigmoid } from '../../engine/ops'
import { defineBlock } from '../define-block'
import { applyGate } from '../identity-start'

/** A factor for each place [N, 1, H, W]: sigmoid(BN(conv k x k of the channels' maximum and mean)). */
export function spatialGate(nn: Nn, x: Value, kernel: number): Value {
  const seen = concat([reduceMax(x, [1], true), reduceMean(x, [1], true)], 1)
  return sigmoid(nn.batchNorm('bn', nn.conv2d('conv', seen, 1, kernel), { epsilon: 1e-5, momentum: 0.99 }))
}

export const spatialParams = z
  .int()
  .min(1)
  .refine((k) => k % 2 === 1, 'must be odd')
  .default(7)

/** [N, C, H, W] -> the same: each place times its gate. The second half of CBAM. */
export default defineBlock({
  title: 'Spatial attention',
  group: 'attention',
  source: 'Woo et al. 2018, arXiv:1807.06521, section 3',
  params: z.strictObject({ kernel: spatialParams }),
  start: 'One gain, zero at first, blends the gate in.',
  build: (nn, x, { kernel }, { identity }) => applyGate(nn, x, spatialGate(nn, x, kernel), identity),
  examples: [
    { input: [2, 3, 4, 3], params: { kernel: 3 }, output: [2, 3, 4, 3], parameters: 20 },
    { input: [2, 32, 9, 8], output: [2, 32, 9, 8], parameters: 100 },
  ],
})
