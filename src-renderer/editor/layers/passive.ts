/**
 * All stored shapes in one go: sorted by colour once per change, culled to the screen, and simplified where they are too
 * small to see. Nothing here is a Konva node.
 */
import type { Shape } from '@shared/domain/annotation'
import { shapeBox } from '@shared/domain/shape-box'
import { visibleBox, type Size, type View } from '../geometry/view'
import type { Scene } from '../scene'
import { outlineBox, wordOf, type Pixels } from './box-raster'
import { drawShape, traceShape, type Context, type ShapeStyle } from './draw-shape'
import { rgbOf, textOn, withAlpha, type CanvasColors } from './palette'

interface Batch {
  readonly color: string
  readonly name: string
  readonly style: ShapeStyle
  /** x1, y1, x2, y2 of upright boxes, one after another. */
  boxes: Float64Array
  /** All other shapes with their boxes. */
  readonly others: { shape: Shape; box: readonly [number, number, number, number] }[]
}

/** Shapes that are smaller on the screen become filled dots. */
const dotBelow = 3
/** At most so many fills and names: beyond, they hide the image and cost the frame. */
const mostFills = 400
const mostNames = 200
/** From so many boxes on the screen on, they are written as pixels instead of drawn as shapes. */
const denseFrom = 400
const nameFont = '11px system-ui, sans-serif'

export class PassiveLayer {
  private batches: Batch[] = []
  private built = -1
  private readonly nameWidths = new Map<string, number>()
  private pixels: (Pixels & { image: ImageData }) | null = null
  private readonly scene: Scene

  constructor(scene: Scene) {
    this.scene = scene
  }

  /** @param alone the context holds nothing else and covers the screen: its pixels may be replaced. */
  draw(ctx: Context, view: View, screen: Size, colors: CanvasColors, alone = false): void {
    if (this.built !== this.scene.version) this.build(colors)
    const area = visibleBox(view, screen)
    const dense = this.countBoxes(area) >= denseFrom
    if (dense && alone) this.drawDense(ctx, view, area)
    let shown = 0
    for (const batch of this.batches) shown += this.drawBatch(ctx, batch, view, area, dense && alone)
    if (this.scene.settings.showNames && !dense && shown <= mostNames) this.drawNames(ctx, view, area, screen)
  }

  /** Whether so many boxes are on the screen that they are written as pixels, without names. */
  isDense(view: View, screen: Size, colors: CanvasColors): boolean {
    if (this.built !== this.scene.version) this.build(colors)
    return this.countBoxes(visibleBox(view, screen)) >= denseFrom
  }

  private countBoxes([ax1, ay1, ax2, ay2]: readonly [number, number, number, number]): number {
    let count = 0
    for (const { boxes, style } of this.batches) {
      if (style.dash) continue
      for (let i = 0; i < boxes.length; i += 4) {
        if (boxes[i + 2] >= ax1 && boxes[i + 3] >= ay1 && boxes[i] <= ax2 && boxes[i + 1] <= ay2) count++
      }
    }
    return count
  }

  private drawDense(ctx: Context, view: View, [ax1, ay1, ax2, ay2]: readonly [number, number, number, number]): void {
    const { width, height } = ctx.canvas
    if (this.pixels?.width !== width || this.pixels.height !== height) {
      const image = new ImageData(width, height)
      this.pixels = { width, height, image, words: new Uint32Array(image.data.buffer) }
    }
    const { pixels } = this
    pixels.words.fill(0)
    const ratio = ctx.getTransform().a
    const line = Math.max(1, Math.round(ratio))
    const scale = view.scale * ratio
    const ox = view.x * ratio
    const oy = view.y * ratio
    for (const { boxes, style, color } of this.batches) {
      if (style.dash) continue
      const word = wordOf(...rgbOf(color))
      for (let i = 0; i < boxes.length; i += 4) {
        const x1 = boxes[i]
        const y1 = boxes[i + 1]
        const x2 = boxes[i + 2]
        const y2 = boxes[i + 3]
        if (x2 < ax1 || y2 < ay1 || x1 > ax2 || y1 > ay2) continue
        outlineBox(
          pixels,
          Math.round(x1 * scale + ox),
          Math.round(y1 * scale + oy),
          Math.round(x2 * scale + ox) + 1,
          Math.round(y2 * scale + oy) + 1,
          line,
          word,
        )
      }
    }
    ctx.putImageData(pixels.image, 0, 0)
  }

  private build(colors: CanvasColors): void {
    this.built = this.scene.version
    const groups = new Map<string, { batch: Batch; boxes: number[] }>()
    const add = (shape: Shape, label: number, kind: 'stored' | 'failed' | 'prediction', text: string) => {
      const box = shapeBox(shape)
      if (!box) return
      const info = this.scene.labels.get(label)
      const key = `${label} ${kind} ${kind === 'prediction' ? text : ''}`
      let group = groups.get(key)
      if (!group) {
        const color = info?.color ?? colors.unlabelled
        const dash = kind === 'stored' ? undefined : kind === 'failed' ? [2, 3] : [6, 4]
        const style: ShapeStyle = { color, lineWidth: 1.5, fill: 0.15, dash, skeleton: info?.skeleton }
        group = { batch: { color, name: text, style, boxes: new Float64Array(0), others: [] }, boxes: [] }
        groups.set(key, group)
      }
      if (shape.kind === 'box') group.boxes.push(box[0], box[1], box[2], box[3])
      else group.batch.others.push({ shape, box })
    }
    const { scene } = this
    for (const prediction of scene.predictions) {
      if (!scene.isPredictionShown(prediction)) continue
      const name = scene.labels.get(prediction.label)?.name ?? '?'
      add(prediction.shape, prediction.label, 'prediction', `${name} ${prediction.score.toFixed(2)}`)
    }
    for (const item of scene.annotations) {
      if (!scene.isShown(item) || scene.editing.has(item.id)) continue
      const kind = scene.failed.has(item.id) ? 'failed' : 'stored'
      add(item.shape, item.label, kind, scene.labels.get(item.label)?.name ?? '')
    }
    this.batches = [...groups.values()].map(({ batch, boxes }) => {
      batch.boxes = Float64Array.from(boxes)
      return batch
    })
  }

  /** Answers how many shapes are on the screen. */
  private drawBatch(
    ctx: Context,
    { boxes, others, style, color }: Batch,
    view: View,
    [ax1, ay1, ax2, ay2]: readonly [number, number, number, number],
    boxesDone: boolean,
  ): number {
    const { scale, x: ox, y: oy } = view
    let shown = 0
    ctx.strokeStyle = color
    ctx.fillStyle = color
    ctx.lineWidth = style.lineWidth
    if (style.dash) ctx.setLineDash([...style.dash])
    for (let i = boxesDone && !style.dash ? boxes.length : 0; i < boxes.length; i += 4) {
      const x1 = boxes[i]
      const y1 = boxes[i + 1]
      const x2 = boxes[i + 2]
      const y2 = boxes[i + 3]
      if (x2 < ax1 || y2 < ay1 || x1 > ax2 || y1 > ay2) continue
      shown++
      const left = Math.round(x1 * scale + ox)
      const top = Math.round(y1 * scale + oy)
      const width = Math.round(x2 * scale + ox) - left
      const height = Math.round(y2 * scale + oy) - top
      if (width < dotBelow && height < dotBelow) ctx.fillRect(left, top, Math.max(1, width), Math.max(1, height))
      else ctx.strokeRect(left + 0.5, top + 0.5, width, height)
    }
    if (style.dash) ctx.setLineDash([])
    const visible = others.filter(({ box }) => box[2] >= ax1 && box[3] >= ay1 && box[0] <= ax2 && box[1] <= ay2)
    const fill = this.scene.settings.fillShapes && visible.length <= mostFills
    const outlines: Shape[] = []
    for (const { shape, box } of visible) {
      const width = (box[2] - box[0]) * scale
      const height = (box[3] - box[1]) * scale
      // A pose with a single point has no size, yet it must be seen.
      const isPose = shape.kind === 'keypoints' && visible.length <= mostFills
      if (width < dotBelow && height < dotBelow && !isPose) {
        ctx.fillStyle = color
        ctx.fillRect(Math.round(box[0] * scale + ox), Math.round(box[1] * scale + oy), 2, 2)
      } else if (shape.kind === 'polygon' || shape.kind === 'rotated-box') {
        if (fill) drawShape(ctx, shape, view, style)
        else outlines.push(shape)
      } else drawShape(ctx, shape, view, { ...style, names: this.scene.settings.showKeypointNames })
    }
    if (outlines.length > 0) {
      ctx.beginPath()
      for (const shape of outlines) traceShape(ctx, shape, view)
      ctx.strokeStyle = color
      ctx.lineWidth = style.lineWidth
      if (style.dash) ctx.setLineDash([...style.dash])
      ctx.stroke()
      ctx.setLineDash([])
    }
    return shown + visible.length
  }

  /** Names above the shapes, skipping those that would lie on another. */
  private drawNames(
    ctx: Context,
    view: View,
    [ax1, ay1, ax2, ay2]: readonly [number, number, number, number],
    screen: Size,
  ): void {
    const { scale, x: ox, y: oy } = view
    const taken: { x: number; y: number; right: number }[] = []
    ctx.font = nameFont
    ctx.textBaseline = 'middle'
    for (const { boxes, others, name, color } of this.batches) {
      if (!name) continue
      const width = this.nameWidth(ctx, name) + 8
      const text = textOn(color)
      const put = (x1: number, y1: number, x2: number, y2: number) => {
        if (x2 < ax1 || y2 < ay1 || x1 > ax2 || y1 > ay2) return
        // A name wider than its small shape would hide more than it says.
        if ((x2 - x1) * scale < 14 && (y2 - y1) * scale < 14) return
        const left = Math.max(0, Math.min(Math.round(x1 * scale + ox), screen.width - width))
        const above = Math.round(y1 * scale + oy) - 15
        const top = above >= 0 ? above : Math.max(0, Math.round(y1 * scale + oy) + 1)
        if (top > screen.height) return
        const right = left + width
        if (taken.some((other) => Math.abs(other.y - top) < 14 && other.x < right && left < other.right)) return
        taken.push({ x: left, y: top, right })
        ctx.fillStyle = withAlpha(color, 0.92)
        ctx.fillRect(left, top, width, 15)
        ctx.fillStyle = text
        ctx.fillText(name, left + 4, top + 8)
      }
      for (let i = 0; i < boxes.length; i += 4) put(boxes[i], boxes[i + 1], boxes[i + 2], boxes[i + 3])
      for (const { box } of others) put(box[0], box[1], box[2], box[3])
    }
  }

  private nameWidth(ctx: Context, name: string): number {
    let width = this.nameWidths.get(name)
    if (width === undefined) {
      width = Math.ceil(ctx.measureText(name).width)
      if (this.nameWidths.size > 5000) this.nameWidths.clear()
      this.nameWidths.set(name, width)
    }
    return width
  }
}
