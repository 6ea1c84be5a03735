import { z } from 'zod'
import { drawBeta } from '../../base/draw-beta'
import { holdsPartner } from '../augment-plan'
import { defineAugment } from '../define-augment'
import { drawRegion } from '../draw-region'

/**
 * A rectangle of a second image in the place of the first one's, and both classes in proportion to their areas: CutMix
 * (Yun et al. 2019, arXiv:1905.04899), with timm's rectangle: lambda of Beta(alpha, alpha), sides sqrt(1 - lambda) of the
 * picture's, the centre anywhere, cut at the border; what is left after that is the first class's share. The second image
 * is drawn with the augmentations that stand before this one; colours that shift afterwards shift in both.
 */
export default defineAugment({
  title: 'Paste a part of a second image',
  group: 'blend',
  joins: 'classes',
  closes: true,
  params: z.strictObject({
    /** Probability per image. */
    p: z.number().min(0).max(1).default(0.5),
    /** Of the Beta distribution: 1 draws all sizes equally often, smaller ones either little or nearly all. */
    alpha: z.number().positive().default(1),
  }),
  apply(plan, { p, alpha }, ctx) {
    if (holdsPartner(plan) || !ctx.rng.chance(p)) return
    const share = drawBeta(ctx.rng, alpha)
    const region = drawRegion(ctx.rng, plan, Math.sqrt(1 - share))
    const partner = ctx.drawLabelled()
    if (region === null || partner === null) return
    plan.layers.push({ ...ctx.before(partner).layers[0], region })
  },
})
