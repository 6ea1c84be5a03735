import { z } from 'zod'
import { drawBeta } from '../../base/draw-beta'
import { holdsPartner } from '../augment-plan'
import { defineAugment } from '../define-augment'

/**
 * Two whole images blended, and both classes in the same shares: mixup (Zhang et al. 2018, arXiv:1710.09412), lambda of
 * Beta(alpha, alpha). The second image is drawn with the augmentations that stand before this one. An image that CutMix
 * gave a second class stays as it is: both in one list take turns, as timm's `switch_prob` has them.
 */
export default defineAugment({
  title: 'Blend with a second image, classes in shares',
  group: 'blend',
  joins: 'classes',
  closes: true,
  params: z.strictObject({
    /** Probability per image. */
    p: z.number().min(0).max(1).default(0.5),
    /** Of the Beta distribution: the smaller, the nearer most pictures are to one of the two. */
    alpha: z.number().positive().default(0.2),
  }),
  apply(plan, { p, alpha }, ctx) {
    if (holdsPartner(plan) || !ctx.rng.chance(p)) return
    // In the steps that pixels are blended in, so that the class's share is that of what is seen.
    const weight = Math.round(256 * drawBeta(ctx.rng, alpha)) / 256
    const partner = ctx.drawLabelled()
    if (weight === 0 || partner === null) return
    plan.layers.push({ ...ctx.before(partner).layers[0], weight })
  },
})
