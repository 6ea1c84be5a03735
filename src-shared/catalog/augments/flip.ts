import { z } from 'zod'
import { mirrorPlan } from '../augment-plan'
import { defineAugment } from '../define-augment'

/** Left-right mirror of the whole picture (YOLOX `flip_prob` .5). */
export default defineAugment({
  title: 'Mirror left-right',
  group: 'geometry',
  closes: false,
  params: z.strictObject({
    /** Probability per image. */
    p: z.number().min(0).max(1).default(0.5),
  }),
  apply(plan, { p }, { rng }) {
    if (rng.chance(p)) mirrorPlan(plan)
  },
})
