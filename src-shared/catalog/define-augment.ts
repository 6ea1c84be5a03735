/** An augment is one file: parameters, and a draw that writes into the plan of one image. */
import type { z } from 'zod'
import type { AugmentContext, AugmentPlan } from './augment-plan'

export interface Augment<Params = Record<string, unknown>> {
  title: string
  group: 'layout' | 'geometry' | 'blend' | 'colour'
  /**
   * What it brings together beside the pixels: `objects` of several images, which a task of one class an image cannot
   * learn from, or the `classes` of several images in shares, which only such a task can.
   */
  joins?: 'objects' | 'classes'
  /** True: switched off in the last epochs (`loss.closeEpochs`). */
  closes: boolean
  params: z.ZodType<Params>
  /** Draws from `ctx.rng` only, so that a sample of an epoch always looks the same. */
  apply(plan: AugmentPlan, params: Params, ctx: AugmentContext): void
}

export const defineAugment = <Schema extends z.ZodType<object>>(
  augment: Omit<Augment<z.output<Schema>>, 'params'> & { params: Schema },
): Augment<z.output<Schema>> => augment as unknown as Augment<z.output<Schema>>
