/** Masks as a window of rows in an image (other tools), and as COCO's column runs of the whole image (ours). */
import { decodeMask, encodeMask } from '../../../evaluation/mask'

export interface MaskWindow {
  left: number
  top: number
  width: number
  height: number
  /** Row by row, 0 and 1. */
  pixels: Uint8Array
}

/** What lies outside of the image is left out. */
export function maskOfWindow(
  window: MaskWindow,
  width: number,
  height: number,
): { size: [number, number]; counts: number[] } {
  const columns = new Uint8Array(width * height)
  for (let y = Math.max(0, -window.top); y < window.height && y + window.top < height; y++) {
    for (let x = Math.max(0, -window.left); x < window.width && x + window.left < width; x++)
      columns[(x + window.left) * height + y + window.top] = window.pixels[y * window.width + x]
  }
  return { size: [height, width], counts: Array.from(encodeMask(columns, height, width).counts) }
}

/** The smallest window around the set pixels; null: none is set. */
export function windowOfMask(mask: { size: [number, number]; counts: number[] }): MaskWindow | null {
  const [height, width] = mask.size
  const columns = decodeMask(mask)
  let [left, top, right, bottom] = [width, height, -1, -1]
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if (!columns[x * height + y]) continue
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
    }
  }
  if (right < 0) return null
  const window = { left, top, width: right - left + 1, height: bottom - top + 1 }
  const pixels = new Uint8Array(window.width * window.height)
  for (let y = 0; y < window.height; y++)
    for (let x = 0; x < window.width; x++) pixels[y * window.width + x] = columns[(x + left) * height + y + top]
  return { ...window, pixels }
}
