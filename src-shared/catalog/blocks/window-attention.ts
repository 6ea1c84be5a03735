import { z } from 'zod'
import { add } from '../../engine/ops'
import { defineBlock } from '../define-block'
import { applyResidual } from '../identity-start'
import { swinBranches } from '../swin-layer'

/**
 * [N, C, H, W] -> the same: one layer of Swin: y = x + attention(LN x) within windows, then y + MLP(LN y). Of two in a row
 * the second takes `shift`, so that neighbouring windows hear of each other.
 */
export default defineBlock({
  title: 'Window attention (Swin)',
  group: 'attention',
  source: 'Liu et al. 2021, arXiv:2103.14030',
  params: z.strictObject({
    /** Must divide the channels. */
    heads: z.int().min(1).default(4),
    /** Side of the windows, cells; a smaller map is one window. */
    window: z.int().min(2).max(16).default(8),
    /** Windows moved by half their side. */
    shift: z.boolean().default(false),
    /** Width of the hidden layer of the MLP, in widths of the map. */
    ratio: z.number().min(0.5).max(8).default(4),
  }),
  start: 'A gain for each channel, zero at first, on what is added to the input.',
  build(nn, x, params, { identity }) {
    const { attention, mlp } = swinBranches(nn, x, params)
    return identity ? applyResidual(nn, x, add(attention, mlp), true) : add(add(x, attention), mlp)
  },
  examples: [
    { input: [2, 4, 5, 6], params: { heads: 2, window: 4, shift: true, ratio: 2 }, output: [2, 4, 5, 6], parameters: 270 },
    { input: [2, 8, 3, 12], params: { window: 6 }, output: [2, 8, 3, 12], parameters: 1356 },
    { input: [1, 8, 8, 8], params: { window: 4, shift: true }, output: [1, 8, 8, 8], parameters: 1068 },
  ], // prettier-ignore
})
