/**
 * The image at the scale of the screen, with a margin: while the view is only moved, copying from here replaces
 * resampling the image in every frame.
 */
import type { Size, View } from '../geometry/view'
import type { Context } from '../layers/draw-shape'

/** Around the screen, CSS pixels. */
const margin = 160
/** Nearer to a whole pixel than this is a whole pixel. */
const whole = 1e-3

export class ScrollCache {
  private canvas: OffscreenCanvas | null = null
  /** What the canvas shows: the view of its top-left corner, for which picture. */
  private held: { of: object; view: View; screen: Size; pixelRatio: number } | null = null
  private last: { of: object; scale: number } | null = null

  /**
   * Answers whether it drew. Only views that keep the scale of the frame before are worth a cache; at a changed scale
   * the caller draws directly.
   * @param paint draws the picture for a view and size.
   */
  draw(
    ctx: Context,
    of: object,
    view: View,
    screen: Size,
    pixelRatio: number,
    paint: (ctx: Context, view: View, size: Size) => void,
  ): boolean {
    const steady = this.last?.of === of && this.last.scale === view.scale
    // A lens beside the screen draws at its own size and scale; it must not take the place of the screen's view.
    if (screen.width * screen.height < 256 * 256) return false
    this.last = { of, scale: view.scale }
    if (!steady) return false
    if (!this.covers(of, view, screen, pixelRatio)) {
      const size = { width: screen.width + 2 * margin, height: screen.height + 2 * margin }
      const width = Math.ceil(size.width * pixelRatio)
      const height = Math.ceil(size.height * pixelRatio)
      if (this.canvas?.width !== width || this.canvas.height !== height)
        this.canvas = new OffscreenCanvas(width, height)
      const own = this.canvas.getContext('2d')!
      const shifted = { scale: view.scale, x: view.x + margin, y: view.y + margin }
      own.setTransform(1, 0, 0, 1, 0, 0)
      own.clearRect(0, 0, width, height)
      own.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0)
      paint(own, shifted, size)
      this.held = { of, view: shifted, screen: size, pixelRatio }
    }
    const dx = Math.round((view.x - this.held!.view.x) * pixelRatio)
    const dy = Math.round((view.y - this.held!.view.y) * pixelRatio)
    const width = Math.round(screen.width * pixelRatio)
    const height = Math.round(screen.height * pixelRatio)
    ctx.imageSmoothingEnabled = false
    ctx.drawImage(this.canvas!, -dx, -dy, width, height, 0, 0, screen.width, screen.height)
    return true
  }

  clear(): void {
    this.canvas = null
    this.held = null
    this.last = null
  }

  private covers(of: object, view: View, screen: Size, pixelRatio: number): boolean {
    const { held } = this
    if (held?.of !== of || held.view.scale !== view.scale || held.pixelRatio !== pixelRatio) return false
    const dx = (view.x - held.view.x) * pixelRatio
    const dy = (view.y - held.view.y) * pixelRatio
    if (Math.abs(dx - Math.round(dx)) > whole || Math.abs(dy - Math.round(dy)) > whole) return false
    return (
      dx <= 0 &&
      dy <= 0 &&
      -dx / pixelRatio + screen.width <= held.screen.width &&
      -dy / pixelRatio + screen.height <= held.screen.height
    )
  }
}
