/** The view of the image: pans, zooms and fits it, and keeps it in its limits. */
import type { Box, Point } from '@shared/domain/geometry'
import type { Editor } from './api'
import { boundsOf } from './geometry/clamp'
import * as views from './geometry/view'
import type { Scene } from './scene'

export interface CameraEvents {
  changed(): void
  pixelRatio(): number
  onView(view: { scale: number; minScale: number; maxScale: number }): void
}

export class Camera {
  view: views.View = { scale: 1, x: 0, y: 0 }
  screen: views.Size = { width: 1, height: 1 }
  /** Parts of device pixels that pans have asked for and not got. */
  private rest: Point = [0, 0]
  /** The image came before the container had a size. */
  private unfitted = false
  private readonly scene: Scene
  private readonly events: CameraEvents

  constructor(scene: Scene, events: CameraEvents) {
    this.scene = scene
    this.events = events
  }

  toScreen(point: Point): Point {
    return views.toScreen(this.view, point)
  }

  toImage(screen: Point): Point {
    return views.toImage(this.view, screen)
  }

  set(next: views.View): void {
    const { view } = this
    if (next.scale === view.scale && next.x === view.x && next.y === view.y) return
    this.view = next
    this.events.changed()
    if (!this.scene.image) return
    const minScale = views.minScale(this.scene.image, this.screen)
    this.events.onView({ scale: next.scale, minScale, maxScale: views.maxScale })
  }

  /** Moves by whole device pixels, so that what is drawn already can be shifted; the rest waits for the next move. */
  panBy(dx: number, dy: number): void {
    if (!this.scene.image) return
    const ratio = this.events.pixelRatio()
    const wanted: Point = [this.rest[0] + dx, this.rest[1] + dy]
    const moved = wanted.map((way) => Math.round(way * ratio) / ratio)
    this.rest = [wanted[0] - moved[0], wanted[1] - moved[1]]
    this.set(views.panView(this.view, moved[0], moved[1], this.scene.image, this.screen))
  }

  zoomAbout(factor: number, about: Point): void {
    if (this.scene.image) this.set(views.zoomAbout(this.view, factor, about, this.scene.image, this.screen))
  }

  zoomTo(target: Parameters<Editor['zoomTo']>[0]): void {
    const { image } = this.scene
    const { screen } = this
    if (!image) return
    if (typeof target !== 'string') return this.set(views.fitBox(target, screen, 48, 16))
    switch (target) {
      case 'fit':
        return this.set(views.fitBox([0, 0, image.width, image.height], screen))
      case 'width':
        return this.set(views.fitWidth(image, screen))
      case '100': {
        const middle = this.toImage([screen.width / 2, screen.height / 2])
        return this.set(views.keepVisible(views.centre(1, middle, screen), image, screen))
      }
      case 'object': {
        const box = boundsOf(this.scene.selected.map((item) => item.shape))
        if (box) this.set(views.fitBox(box, screen, Math.min(screen.width, screen.height) / 5, 16))
      }
    }
  }

  reveal(box: Box): void {
    if (this.scene.image) this.set(views.revealBox(this.view, box, this.scene.image, this.screen))
  }

  /** A new image is shown. @param keep the view stays where it is. */
  start(keep: boolean): void {
    this.unfitted = this.screen.width <= 1
    if (keep && this.scene.image) this.set(views.keepVisible(this.view, this.scene.image, this.screen))
    else this.zoomTo('fit')
  }

  /**
   * A fitted image stays fitted; else the image point in the middle stays in the middle. Answers whether the size changed.
   */
  resize(next: views.Size): boolean {
    const { screen } = this
    if (next.width === screen.width && next.height === screen.height) return false
    const fitted = this.fitted()
    this.screen = next
    if (this.unfitted && next.width > 1) {
      this.unfitted = false
      this.zoomTo('fit')
    } else if (fitted) this.zoomTo(fitted)
    else this.panBy((next.width - screen.width) / 2, (next.height - screen.height) / 2)
    return true
  }
  /** Whether the view is the one that shows the whole image, or its whole width; null: somebody has chosen another. */
  private fitted(): 'fit' | 'width' | null {
    const { image } = this.scene
    if (!image) return null
    const { view, screen } = this
    const isView = (other: views.View) =>
      Math.abs(other.scale / view.scale - 1) < 1e-9 && Math.hypot(other.x - view.x, other.y - view.y) < 1e-6
    if (isView(views.fitBox([0, 0, image.width, image.height], screen))) return 'fit'
    return isView(views.fitWidth(image, screen)) ? 'width' : null
  }
}
