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

/**
 * Okabe-Ito's hues first; then, one after the other, the colour farthest from all before it (CIE76, the smallest of normal
 * sight and simulated protanopia, deuteranopia and tritanopia after Machado 2009): all sixteen at least 12 apart.
 */
export const palette = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#f0e442',
  '#7f3c8d',
  '#5209bf',
  '#b0f285',
  '#8c3d2a',
  '#0cf2f2',
  '#315159',
  '#56078c',
  '#ae48f2',
  '#7abf69',
] as const
/** Towards white (above 0) or black; each round of the palette has its own shade. */
const shades = [0, 0.4, -0.35, 0.65, -0.6]

/** 80 different colours, then again from the start. */
export function labelColor(index: number): string {
  const shade = shades[Math.floor(index / palette.length) % shades.length]
  const color = palette[index % palette.length]
  if (shade === 0) return color
  const goal = shade > 0 ? 255 : 0
  const channels = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16))
  const mixed = channels.map((value) => Math.round(value + (goal - value) * Math.abs(shade)))
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}
