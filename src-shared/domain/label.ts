/** A label is a class. Its index is the model's output index and the YOLO index; the order is locked. */
import { z } from 'zod'

export const labelSchema = z.object({
  id: z.int(),
  /** 0-based, dense, never reordered by the product on its own. */
  index: z.int().min(0),
  name: z.string().min(1),
  /** `#rrggbb` */
  color: z.string(),
  /** Category id in COCO files: kept from an import, else index + 1. */
  cocoId: z.int(),
})
export type Label = z.infer<typeof labelSchema>

/** Okabe-Ito order first, then hues that stay apart under the common colour-vision deficiencies. */
export const palette = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#f0e442',
  '#7f3c8d',
  '#11a579',
  '#3969ac',
  '#f2b701',
  '#e73f74',
  '#80ba5a',
  '#e68310',
  '#008695',
  '#cf1c90',
] as const
export const labelColor = (index: number): string => palette[index % palette.length]
