/** Selected and hovered shapes and what the tool shows of them, with handles of constant size on the screen. */
import type { Shape } from '@shared/domain/annotation'
import { handleRadius } from '../geometry/handles'
import { toScreen, type View } from '../geometry/view'
import type { Scene } from '../scene'
import type { Preview } from '../tools/tool'
import { drawShape, type Context } from './draw-shape'
import { bitmapPicture, type MaskPicture } from './mask-picture'
import type { CanvasColors } from './palette'

/** Selecting thousands must not draw thousands of haloes. */
const mostDecorated = 500

export class ActiveLayer {
  private readonly scene: Scene
  private bitmap: { version: number; color: string; picture: MaskPicture | null } | null = null

  constructor(scene: Scene) {
    this.scene = scene
  }

  /** Whether there is anything to draw. */
  isEmpty(preview: Preview): boolean {
    const { scene } = this
    return (
      scene.selection.length === 0 &&
      scene.predictionSelection.length === 0 &&
      scene.hovered === null &&
      scene.hoveredPrediction === null &&
      scene.pending.length === 0 &&
      !preview.shapes?.length &&
      !preview.vertices?.length &&
      !preview.bitmap
    )
  }

  draw(ctx: Context, view: View, preview: Preview, colors: CanvasColors): void {
    const { scene } = this
    const changed = new Map<number, Shape>()
    for (const { id, shape } of preview.shapes ?? []) if (id !== null) changed.set(id, shape)
    const selected = scene.selection.slice(0, mostDecorated)
    const item = (id: number, strong: boolean) => {
      const annotation = scene.get(id)
      if (!annotation || !scene.isShown(annotation)) return
      this.decorate(ctx, view, changed.get(id) ?? annotation.shape, annotation.label, strong, colors)
    }
    if (scene.hovered !== null && !scene.selection.includes(scene.hovered)) item(scene.hovered, false)
    for (const id of selected) item(id, true)
    for (const [id, shape] of changed) {
      if (!scene.selection.includes(id)) {
        this.decorate(ctx, view, shape, scene.get(id)?.label ?? null, true, colors)
      }
    }
    for (const id of [scene.hoveredPrediction, ...scene.predictionSelection]) {
      const prediction = id === null ? undefined : scene.getPrediction(id)
      if (!prediction || !scene.isPredictionShown(prediction)) continue
      const strong = scene.predictionSelection.includes(prediction.id)
      this.decorate(ctx, view, prediction.shape, prediction.label, strong, colors, [6, 4])
    }
    for (const { id, shape, label } of preview.shapes ?? []) {
      if (id === null) this.decorate(ctx, view, shape, label, true, colors)
    }
    for (const shape of scene.pending) this.decorate(ctx, view, shape, null, true, colors)
    if (preview.bitmap) this.drawBitmap(ctx, view, preview.bitmap, colors)
    this.drawMarks(ctx, view, preview, colors)
  }

  private decorate(
    ctx: Context,
    view: View,
    shape: Shape,
    label: number | null,
    strong: boolean,
    colors: CanvasColors,
    dash?: number[],
  ): void {
    const info = label === null ? undefined : this.scene.labels.get(label)
    drawShape(ctx, shape, view, {
      color: info?.color ?? colors.unlabelled,
      lineWidth: 2,
      fill: strong ? 0.16 : 0.1,
      halo: strong ? colors.halo : undefined,
      dash,
      skeleton: info?.skeleton,
      pointRadius: strong ? 5 : 4,
      names: strong && this.scene.settings.showKeypointNames,
    })
  }

  private drawBitmap(
    ctx: Context,
    view: View,
    { bitmap, version, label }: NonNullable<Preview['bitmap']>,
    colors: CanvasColors,
  ): void {
    const color = (label === null ? undefined : this.scene.labels.get(label)?.color) ?? colors.unlabelled
    if (this.bitmap?.version !== version || this.bitmap.color !== color) {
      this.bitmap = { version, color, picture: bitmapPicture(bitmap, color) }
    }
    const { picture } = this.bitmap
    if (!picture) return
    const [x1, y1] = toScreen(view, [picture.box[0], picture.box[1]])
    const [x2, y2] = toScreen(view, [picture.box[2], picture.box[3]])
    ctx.save()
    ctx.globalAlpha = 0.55
    ctx.imageSmoothingEnabled = false
    ctx.drawImage(picture.canvas, x1, y1, x2 - x1, y2 - y1)
    ctx.restore()
  }

  private drawMarks(ctx: Context, view: View, preview: Preview, colors: CanvasColors): void {
    ctx.lineWidth = 1.5
    ctx.strokeStyle = colors.handleStroke
    for (const { id, at } of preview.handles ?? []) {
      ctx.fillStyle = colors.handleFill
      ctx.beginPath()
      if (id === 'rotate') ctx.arc(at[0], at[1], handleRadius + 1, 0, 2 * Math.PI)
      else {
        ctx.rect(
          Math.round(at[0]) - handleRadius + 0.5,
          Math.round(at[1]) - handleRadius + 0.5,
          2 * handleRadius,
          2 * handleRadius,
        )
      }
      ctx.fill()
      ctx.stroke()
    }
    for (const { at, mark } of preview.vertices ?? []) {
      const [x, y] = toScreen(view, at)
      ctx.beginPath()
      ctx.arc(x, y, mark === 'close' ? 7 : mark === 'active' ? 5 : 4, 0, 2 * Math.PI)
      ctx.globalAlpha = mark === 'ghost' ? 0.6 : 1
      ctx.fillStyle = mark === 'active' ? colors.handleStroke : colors.handleFill
      ctx.fill()
      ctx.stroke()
      ctx.globalAlpha = 1
    }
  }
}
