import { z } from 'zod'
import { identity } from '../../domain/affine'
import { defineAugment } from '../define-augment'
import { drawRegion } from '../draw-region'

/**
 * A square of the picture is covered with one colour: Cutout (DeVries and Taylor 2017, arXiv:1708.04552), whose squares
 * may stick out of the picture. Boxes stay as they are.
 */
export default defineAugment({
  title: 'Cover a part',
  group: 'blend',
  closes: true,
  params: z.strictObject({
    /** Probability per image. */
    p: z.number().min(0).max(1).default(0.5),
    /** Side as a share of the picture's. */
    size: z.number().positive().max(1).default(0.4),
  }),
  apply(plan, { p, size }, ctx) {
    if (!ctx.rng.chance(p)) return
    const region = drawRegion(ctx.rng, plan, size)
    if (region === null) return
    const { width, height } = plan
    plan.layers.push({
      canvas: { width, height },
      tiles: [],
      fill: ctx.pad,
      outside: ctx.pad,
      matrix: identity,
      minVisible: 0,
      region,
    })
  },
})
