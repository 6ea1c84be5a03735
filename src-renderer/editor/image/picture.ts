/** The image of a sample, drawn for any view from whatever of it is loaded by now. */
import type { Size, View } from '../geometry/view'
import type { Context } from '../layers/draw-shape'

export type PictureState = { state: 'loading' | 'coarse' | 'ready' } | { state: 'failed'; error: unknown }

export interface Picture {
  readonly state: PictureState
  draw(ctx: Context, view: View, screen: Size, pixelRatio: number): void
  /** Asks again for what was not there yet. */
  retry?(): void
  /** A small version for statistics of its colours; null until something is loaded. */
  sample(side: number): ImageData | null
  destroy(): void
}

/** Above this, pixels are shown as squares. */
export const smoothBelow = 2

export function sampleOf(picture: ImageBitmap | OffscreenCanvas, side: number): ImageData {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height))
  const width = Math.max(1, Math.round(picture.width * scale))
  const height = Math.max(1, Math.round(picture.height * scale))
  const ctx = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!
  ctx.drawImage(picture, 0, 0, width, height)
  return ctx.getImageData(0, 0, width, height)
}
