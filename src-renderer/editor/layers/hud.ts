/** What follows the pointer: crosshair, open lines, rubber band, brush, sizes, loupe. */
import type { Box, Point } from '@shared/domain/geometry'
import { toImage, toScreen, type Size, type View } from '../geometry/view'
import type { Scene } from '../scene'
import type { Preview } from '../tools/tool'
import type { Context } from './draw-shape'
import type { CanvasColors } from './palette'

export interface HudInput {
  readonly view: View
  readonly screen: Size
  readonly preview: Preview
  /** Pointer or keyboard cursor, screen pixels; null while the pointer is elsewhere. */
  readonly pointer: Point | null
  /** The cursor is moved by keys: it is marked where no mouse pointer shows it. */
  readonly byKeyboard: boolean
  /** Draws the image and the shapes for the loupe. */
  readonly drawScene: (ctx: Context, view: View, screen: Size) => void
}

const loupeSide = 160
const loupeZoom = 4

export class HudLayer {
  private readonly scene: Scene
  private lens: OffscreenCanvas | null = null

  constructor(scene: Scene) {
    this.scene = scene
  }

  isEmpty({ preview, pointer, byKeyboard }: HudInput): boolean {
    const { settings } = this.scene
    const needsPointer = (preview.crosshair && settings.crosshair) || settings.loupe || byKeyboard
    return (
      !(pointer && needsPointer) &&
      !preview.band &&
      !preview.path?.length &&
      !preview.brush &&
      !preview.measured &&
      !preview.hint &&
      !settings.verified
    )
  }

  draw(ctx: Context, input: HudInput, colors: CanvasColors): void {
    const { view, screen, preview, pointer, byKeyboard } = input
    const { settings, image } = this.scene
    if (settings.verified && image) drawVerified(ctx, view, image, screen, colors)
    if (pointer && image && preview.crosshair && (settings.crosshair || byKeyboard)) {
      this.drawCrosshair(ctx, pointer, screen, view, image, colors)
    }
    if (preview.path && preview.path.length > 0) drawPath(ctx, preview.path, view, colors)
    if (preview.band) drawBand(ctx, preview.band, view, colors)
    if (preview.brush) {
      const [x, y] = toScreen(view, preview.brush.at)
      ring(ctx, x, y, preview.brush.radius * view.scale, preview.brush.erase ? [4, 3] : [], colors)
    }
    if (preview.measured) {
      const [x1, y1, x2, y2] = preview.measured
      const [x, y] = toScreen(view, [x2, y2])
      drawReadout(ctx, `${round(x2 - x1)} × ${round(y2 - y1)}`, x + 8, y + 8, screen, colors)
    }
    if (pointer && preview.hint) drawReadout(ctx, preview.hint, pointer[0] + 14, pointer[1] - 26, screen, colors)
    if (pointer && byKeyboard) ring(ctx, pointer[0], pointer[1], 6, [], colors)
    if (pointer && settings.loupe && image) this.drawLoupe(ctx, input, pointer, colors)
  }

  private drawCrosshair(
    ctx: Context,
    [x, y]: Point,
    screen: Size,
    view: View,
    image: Size,
    colors: CanvasColors,
  ): void {
    const [ix, iy] = toImage(view, [x, y])
    if (ix < 0 || iy < 0 || ix > image.width || iy > image.height) return
    const line = (color: string, dash: number[]) => {
      ctx.strokeStyle = color
      ctx.setLineDash(dash)
      ctx.beginPath()
      ctx.moveTo(Math.round(x) + 0.5, 0)
      ctx.lineTo(Math.round(x) + 0.5, screen.height)
      ctx.moveTo(0, Math.round(y) + 0.5)
      ctx.lineTo(screen.width, Math.round(y) + 0.5)
      ctx.stroke()
    }
    ctx.lineWidth = 1
    line(colors.halo, [])
    line(colors.guide, [4, 4])
    ctx.setLineDash([])
  }

  private drawLoupe(ctx: Context, { view, screen, drawScene }: HudInput, pointer: Point, colors: CanvasColors): void {
    this.lens ??= new OffscreenCanvas(loupeSide, loupeSide)
    const lens = this.lens.getContext('2d')!
    const scale = Math.max(view.scale * loupeZoom, 2)
    const [ix, iy] = toImage(view, pointer)
    const middle = loupeSide / 2
    lens.fillStyle = colors.ground
    lens.fillRect(0, 0, loupeSide, loupeSide)
    drawScene(lens, { scale, x: middle - ix * scale, y: middle - iy * scale }, { width: loupeSide, height: loupeSide })
    lens.strokeStyle = colors.guide
    lens.lineWidth = 1
    lens.beginPath()
    lens.moveTo(middle + 0.5, 0)
    lens.lineTo(middle + 0.5, loupeSide)
    lens.moveTo(0, middle + 0.5)
    lens.lineTo(loupeSide, middle + 0.5)
    lens.stroke()
    // In the corner away from the pointer, so that it never covers what it enlarges.
    const left = pointer[0] < screen.width / 2 ? screen.width - loupeSide - 12 : 12
    const top = pointer[1] < screen.height / 2 ? screen.height - loupeSide - 12 : 12
    ctx.drawImage(this.lens, left, top)
    ctx.strokeStyle = colors.guide
    ctx.lineWidth = 2
    ctx.strokeRect(left - 1, top - 1, loupeSide + 2, loupeSide + 2)
  }
}

/** Around the image, or along the edges of the screen where the image reaches beyond them. */
function drawVerified(ctx: Context, view: View, image: Size, screen: Size, colors: CanvasColors): void {
  const [x1, y1] = toScreen(view, [0, 0])
  const [x2, y2] = toScreen(view, [image.width, image.height])
  const [left, top] = [Math.max(2, x1 - 2), Math.max(2, y1 - 2)]
  ctx.strokeStyle = colors.verified
  ctx.lineWidth = 4
  ctx.strokeRect(left, top, Math.min(screen.width - 2, x2 + 2) - left, Math.min(screen.height - 2, y2 + 2) - top)
}

const round = (value: number): string => String(Math.round(value * 10) / 10)

function drawPath(ctx: Context, path: readonly Point[], view: View, colors: CanvasColors): void {
  ctx.beginPath()
  path.forEach((point, i) => {
    const [x, y] = toScreen(view, point)
    if (i === 0) ctx.moveTo(x, y)
    else ctx.lineTo(x, y)
  })
  ctx.strokeStyle = colors.halo
  ctx.lineWidth = 3.5
  ctx.stroke()
  ctx.strokeStyle = colors.guide
  ctx.lineWidth = 1.5
  ctx.stroke()
}

function drawBand(ctx: Context, band: Box, view: View, colors: CanvasColors): void {
  const [x1, y1] = toScreen(view, [band[0], band[1]])
  const [x2, y2] = toScreen(view, [band[2], band[3]])
  ctx.lineWidth = 1
  ctx.setLineDash([4, 3])
  ctx.strokeStyle = colors.guide
  ctx.strokeRect(Math.round(x1) + 0.5, Math.round(y1) + 0.5, Math.round(x2 - x1), Math.round(y2 - y1))
  ctx.setLineDash([])
}

function ring(ctx: Context, x: number, y: number, radius: number, dash: number[], colors: CanvasColors): void {
  ctx.beginPath()
  ctx.arc(x, y, Math.max(1, radius), 0, 2 * Math.PI)
  ctx.strokeStyle = colors.halo
  ctx.lineWidth = 3
  ctx.stroke()
  ctx.setLineDash(dash)
  ctx.strokeStyle = colors.guide
  ctx.lineWidth = 1
  ctx.stroke()
  ctx.setLineDash([])
}

function drawReadout(ctx: Context, text: string, x: number, y: number, screen: Size, colors: CanvasColors): void {
  ctx.font = '12px system-ui, sans-serif'
  ctx.textBaseline = 'middle'
  const width = Math.ceil(ctx.measureText(text).width) + 12
  const left = Math.max(2, Math.min(x, screen.width - width - 2))
  const top = Math.max(2, Math.min(y, screen.height - 24))
  ctx.fillStyle = colors.readout
  ctx.fillRect(left, top, width, 22)
  ctx.fillStyle = colors.readoutText
  ctx.fillText(text, left + 6, top + 11.5)
}
