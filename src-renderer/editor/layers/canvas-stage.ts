/**
 * The four canvases: image, stored shapes, active shapes, HUD. Each is one Konva layer with one shape that draws it all,
 * none listens; a frame draws only the layers that changed, and empty layers leave the page's compositing. What does not
 * depend on the edges of the screen is drawn with a margin around it: while the view is only moved within that margin the
 * canvas is moved instead of drawn.
 */
import { Konva } from 'konva/lib/Core'
import type { Layer } from 'konva/lib/Layer'
import type { Size, View } from '../geometry/view'
import type { Context } from './draw-shape'

export const layerNames = ['image', 'passive', 'active', 'hud'] as const
export type LayerName = (typeof layerNames)[number]

export interface LayerContent {
  /** Draws a view of this size, CSS pixels; answers false when there was nothing to draw. */
  draw(ctx: Context, view: View, size: Size): boolean
  /** Whether what is drawn now may be moved with the view, so that a margin pays. */
  canShift?(): boolean
}

/** Around the screen, CSS pixels. */
const margin = 192
/** Nearer to a whole device pixel than this is a whole one. */
const whole = 1e-3

interface Held {
  /** Of the top left corner of the canvas, which lies `margin` outside of the screen. */
  view: View
  margin: number
  size: Size
}

// Nothing is drawn but by `flush`.
Konva.autoDrawEnabled = false

export class CanvasStage {
  private readonly stage: InstanceType<typeof Konva.Stage>
  private readonly layers = new Map<LayerName, Layer>()
  private readonly dirty = new Set<LayerName>()
  private frame = 0
  private size: Size = { width: 1, height: 1 }
  private readonly shown = new Map<LayerName, boolean>()
  private readonly held = new Map<LayerName, Held>()
  /** Layers that are to be drawn because the view left their margin: it will probably go on moving. */
  private readonly moving = new Set<LayerName>()
  private readonly content: Record<LayerName, LayerContent>
  private readonly view: () => View

  /** @param view the view that is to be shown. */
  constructor(container: HTMLDivElement, view: () => View, content: Record<LayerName, LayerContent>) {
    this.content = content
    this.view = view
    this.stage = new Konva.Stage({ container, width: 1, height: 1, listening: false })
    for (const name of layerNames) {
      const layer = new Konva.Layer({ listening: false })
      // Adding a layer draws it: while it is empty, before the editor around it is complete.
      this.stage.add(layer)
      layer.add(
        new Konva.Shape({
          listening: false,
          perfectDrawEnabled: false,
          sceneFunc: (context) => {
            const held = this.held.get(name)
            if (held) this.shown.set(name, content[name].draw(context._context, held.view, held.size))
          },
        }),
      )
      this.layers.set(name, layer)
    }
  }

  get pixelRatio(): number {
    return this.layers.get('image')!.getCanvas().getPixelRatio()
  }

  /** The DOM element of a layer. */
  element(name: LayerName): HTMLCanvasElement {
    return this.layers.get(name)!.getNativeCanvasElement()
  }

  resize(size: Size): void {
    if (size.width === this.size.width && size.height === this.size.height) return
    this.size = size
    this.stage.size(size)
    this.held.clear()
    this.invalidate(...layerNames)
    // A resized canvas is empty: waiting for the next frame would flash.
    this.flush()
  }

  invalidate(...names: LayerName[]): void {
    for (const name of names) this.dirty.add(name)
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.flush())
  }

  /** The view was moved or scaled: every layer follows, by moving its canvas where that is enough. */
  follow(): void {
    const { scale } = this.view()
    for (const name of layerNames) {
      if (this.shift(name)) continue
      if (this.held.get(name)?.view.scale === scale) this.moving.add(name)
      this.dirty.add(name)
    }
    if (this.dirty.size > 0) this.invalidate()
  }

  flush(): void {
    if (this.frame !== 0) cancelAnimationFrame(this.frame)
    this.frame = 0
    const names = [...this.dirty]
    this.dirty.clear()
    for (const name of names) {
      const layer = this.layers.get(name)!
      const before = this.shown.get(name)
      this.place(name)
      layer.drawScene()
      const now = this.shown.get(name) ?? false
      if (now !== before) this.element(name).style.display = now ? 'block' : 'none'
    }
  }

  /** Answers whether the canvas shows the view once it is moved; it is then. */
  private shift(name: LayerName): boolean {
    const held = this.held.get(name)
    const view = this.view()
    if (!held?.margin || held.view.scale !== view.scale || this.dirty.has(name)) return false
    if (!this.content[name].canShift?.()) return false
    const ratio = this.pixelRatio
    const [dx, dy] = [view.x + held.margin - held.view.x, view.y + held.margin - held.view.y]
    if (Math.max(Math.abs(dx), Math.abs(dy)) > held.margin) return false
    if ([dx, dy].some((way) => Math.abs(way * ratio - Math.round(way * ratio)) > whole)) return false
    this.element(name).style.transform = `translate(${dx}px, ${dy}px)`
    return true
  }

  /** Sizes and places a layer's canvas for the view that it is about to draw. */
  private place(name: LayerName): void {
    const { width, height } = this.size
    const view = this.view()
    const around = this.moving.delete(name) && this.content[name].canShift?.() ? margin : 0
    const size = { width: width + 2 * around, height: height + 2 * around }
    const canvas = this.layers.get(name)!.getCanvas()
    const element = this.element(name)
    if (canvas.getWidth() !== size.width * canvas.getPixelRatio()) {
      canvas.setSize(size.width, size.height)
    }
    element.style.left = element.style.top = `${-around}px`
    element.style.willChange = around > 0 ? 'transform' : ''
    element.style.transform = ''
    this.held.set(name, { view: { ...view, x: view.x + around, y: view.y + around }, margin: around, size })
  }

  destroy(): void {
    if (this.frame !== 0) cancelAnimationFrame(this.frame)
    this.stage.destroy()
  }
}
