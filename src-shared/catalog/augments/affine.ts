import { z } from 'zod'
import { compose, translation, type Affine } from '../../domain/affine'
import { defineAugment } from '../define-augment'

/**
 * Random rotation, scale, shear and shift, as YOLOX's `random_affine` (Ge et al. 2021, `data_augment.py`): rotation and
 * scale about the origin (0, 0) of the canvas; with the turned rows r0 and r1, row 0 = r0 + tan(shear y) r1 and
 * row 1 = r1 + tan(shear x) r0; then the shift. YOLOX uses it on mosaics only.
 */
export default defineAugment({
  title: 'Rotate, scale, shear, shift',
  group: 'geometry',
  closes: false,
  params: z.strictObject({
    /** Rotation is uniform in +- this many degrees. */
    degrees: z.number().min(0).max(180).default(10),
    /** Scale is uniform in this range. */
    scale: z.tuple([z.number().positive(), z.number().positive()]).default([0.1, 2]),
    /** Shift is uniform in +- this fraction of the output's side. */
    translate: z.number().min(0).max(1).default(0.1),
    /** Shear is uniform in +- this many degrees, both axes. */
    shear: z.number().min(0).max(45).default(2),
    /** `mosaic`: only images that mosaic was applied to, as YOLOX. */
    when: z.enum(['mosaic', 'always']).default('mosaic'),
    /** Fixed point of rotation and scale: the canvas corner (YOLOX) or the canvas centre, moved to the output's centre. */
    origin: z.enum(['corner', 'center']).default('corner'),
    /** Boxes that keep less than this fraction of their area in the picture are dropped; 0 keeps all, as YOLOX. */
    minVisible: z.number().min(0).max(1).default(0),
  }),
  apply(plan, params, ctx) {
    if (params.when === 'mosaic' && !plan.mosaic) return
    const { rng } = ctx
    const angle = (rng.uniform(-params.degrees, params.degrees) * Math.PI) / 180
    const scale = rng.uniform(params.scale[0], params.scale[1])
    const shearX = Math.tan((rng.uniform(-params.shear, params.shear) * Math.PI) / 180)
    const shearY = Math.tan((rng.uniform(-params.shear, params.shear) * Math.PI) / 180)
    const shiftX = rng.uniform(-params.translate, params.translate) * plan.width
    const shiftY = rng.uniform(-params.translate, params.translate) * plan.height
    const c = scale * Math.cos(angle)
    const s = scale * Math.sin(angle)
    const layer = plan.layers[0]
    const about: Affine = [c - shearY * s, s + shearY * c, 0, -s + shearX * c, c + shearX * s, 0]
    const map =
      params.origin === 'corner'
        ? compose(translation(shiftX, shiftY), about)
        : compose(
            translation(plan.width / 2 + shiftX, plan.height / 2 + shiftY),
            compose(about, translation(-layer.canvas.width / 2, -layer.canvas.height / 2)),
          )
    layer.matrix = compose(map, layer.matrix)
    layer.minVisible = params.minVisible
  },
})
