/**
 * The four canvases: image, stored shapes, active shapes, HUD. Each is one Konva layer with one shape that draws it all,
 * none listens; a frame draws only the layers that changed, and empty layers leave the page's compositing.
 */
import { Konva } from 'konva/lib/Core'
import type { Layer } from 'konva/lib/Layer'
import type { Size } from '../geometry/view'
import type { Context } from './draw-shape'

export const layerNames = ['image', 'passive', 'active', 'hud'] as const
export type LayerName = (typeof layerNames)[number]

/** Draws a layer; answers false when there was nothing to draw. */
export type DrawLayer = (ctx: Context) => boolean

// Nothing is drawn but by `flush`.
Konva.autoDrawEnabled = false

export class CanvasStage {
  private readonly stage: InstanceType<typeof Konva.Stage>
  private readonly layers = new Map<LayerName, Layer>()
  private readonly dirty = new Set<LayerName>()
  private frame = 0
  private size: Size = { width: 1, height: 1 }
  private readonly shown = new Map<LayerName, boolean>()

  constructor(container: HTMLDivElement, draw: Record<LayerName, DrawLayer>) {
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
            const any = draw[name](context._context)
            this.shown.set(name, any)
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
    this.invalidate(...layerNames)
    // A resized canvas is empty: waiting for the next frame would flash.
    this.flush()
  }

  invalidate(...names: LayerName[]): void {
    for (const name of names) this.dirty.add(name)
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.flush())
  }

  flush(): void {
    if (this.frame !== 0) cancelAnimationFrame(this.frame)
    this.frame = 0
    const names = [...this.dirty]
    this.dirty.clear()
    for (const name of names) {
      const layer = this.layers.get(name)!
      const before = this.shown.get(name)
      layer.drawScene()
      const now = this.shown.get(name) ?? false
      if (now !== before) this.element(name).style.display = now ? 'block' : 'none'
    }
  }

  destroy(): void {
    if (this.frame !== 0) cancelAnimationFrame(this.frame)
    this.stage.destroy()
  }
}
