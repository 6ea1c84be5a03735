import { z } from 'zod'
import { defineAugment } from '../define-augment'

/**
 * Additive shift of hue, saturation and value in OpenCV's 8-bit scales (hue 0..180), as YOLOX's `augment_hsv`: each
 * channel's shift is uniform in +- its range, used with probability .5 and truncated to an integer; hue wraps,
 * saturation and value are clipped to 0..255.
 */
export default defineAugment({
  title: 'Hue, saturation, value',
  group: 'colour',
  closes: false,
  params: z.strictObject({
    /** Probability per image. */
    p: z.number().min(0).max(1).default(1),
    hue: z.number().min(0).max(90).default(5),
    saturation: z.number().min(0).max(255).default(30),
    value: z.number().min(0).max(255).default(30),
  }),
  apply(plan, params, { rng }) {
    if (!rng.chance(params.p)) return
    const draw = (range: number) => {
      const shift = Math.trunc(rng.uniform(-range, range))
      return rng.chance(0.5) ? shift : 0
    }
    const shift = [draw(params.hue), draw(params.saturation), draw(params.value)] as const
    if (shift.some((v) => v !== 0)) plan.hsv = shift
  },
})
