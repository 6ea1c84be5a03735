import { z } from 'zod'
import { compose, mirrorX, scaling, translation } from '../../domain/affine'
import { letterboxLayer } from '../augment-plan'
import { defineAugment } from '../define-augment'

/**
 * A second labelled image blended half and half. mixup (Zhang et al. 2018, arXiv:1710.09412) as YOLOX does it
 * (`mosaicdetection.py`): the partner is letterboxed, resized by a random factor, mirrored with probability .5, padded
 * with black to at least the output's size, cropped at random; labels are concatenated without weights. YOLOX uses it
 * on mosaics only.
 */
export default defineAugment({
  title: 'Blend with a second image',
  group: 'blend',
  joins: 'objects',
  closes: true,
  params: z.strictObject({
    /** Probability per image. */
    p: z.number().min(0).max(1).default(1),
    /** The partner's size factor is uniform in this range. */
    scale: z.tuple([z.number().positive(), z.number().positive()]).default([0.5, 1.5]),
    /** `mosaic`: only images that mosaic was applied to, as YOLOX. */
    when: z.enum(['mosaic', 'always']).default('mosaic'),
  }),
  apply(plan, params, ctx) {
    if ((params.when === 'mosaic' && !plan.mosaic) || !ctx.rng.chance(params.p)) return
    const partner = ctx.drawLabelled()
    if (partner === null) return
    const { rng } = ctx
    const factor = rng.uniform(params.scale[0], params.scale[1])
    const mirrored = rng.chance(0.5)
    const width = Math.max(1, Math.trunc(plan.width * factor))
    const height = Math.max(1, Math.trunc(plan.height * factor))
    const cropX = width > plan.width ? rng.int(0, width - plan.width - 1) : 0
    const cropY = height > plan.height ? rng.int(0, height - plan.height - 1) : 0
    let matrix = scaling(width / plan.width, height / plan.height)
    if (mirrored) matrix = compose(mirrorX(width), matrix)
    matrix = compose(translation(-cropX, -cropY), matrix)
    // Parts that are covered stay covered.
    plan.layers.splice(1, 0, { ...letterboxLayer(ctx, partner, plan.width, plan.height), outside: 0, matrix })
  },
})
