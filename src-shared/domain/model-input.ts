/** How a model wants its pixels: part of every model, saved in the metadata of every exported file. */
import { z } from 'zod'

const triple = z.tuple([z.number(), z.number(), z.number()])

export const modelInputSchema = z.strictObject({
  /** Order of the colour channels. */
  order: z.enum(['RGB', 'BGR']).default('RGB'),
  /** Largest value after scaling: 255 leaves the bytes as they are, 1 divides them by 255. */
  range: z.union([z.literal(255), z.literal(1)]).default(1),
  /** Subtracted and divided after scaling, per channel in the model's order. */
  mean: triple.default([0, 0, 0]),
  std: triple.default([1, 1, 1]),
  /** Byte value of the letterbox border, 0..255, before scaling. */
  pad: z.int().min(0).max(255).default(114),
  /**
   * `topleft`: the image sits in the top-left corner and its size is truncated to integers (YOLOX).
   * `center`: the border is split and sizes are rounded half to even; an odd pixel goes right or below (YOLOv5 and later).
   */
  align: z.enum(['topleft', 'center']).default('center'),
})
export type ModelInput = z.infer<typeof modelInputSchema>

/** YOLOX: BGR bytes without scaling, top-left, border 114 (Megvii YOLOX, data/data_augment.py). */
export const yoloxInput: ModelInput = {
  order: 'BGR',
  range: 255,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  pad: 114,
  align: 'topleft',
}
