/** One shape on a 2D context, in screen pixels. */
import type { Shape } from '@shared/domain/annotation'
import type { Skeleton } from '@shared/domain/skeleton'
import { rotatedBoxCorners } from '@shared/domain/shape-box'
import type { View } from '../geometry/view'
import { keypointSide } from '../geometry/skeleton'
import { maskPicture } from './mask-picture'
import { sideColors, withAlpha } from './palette'

export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

export interface ShapeStyle {
  readonly color: string
  readonly lineWidth: number
  /** 0..1; 0 leaves the inside clear. */
  readonly fill: number
  readonly dash?: readonly number[]
  /** A wider line underneath, so that the outline is seen on any image. */
  readonly halo?: string
  readonly skeleton?: Skeleton | null
  readonly pointRadius?: number
  readonly names?: boolean
}

/** Adds the outline to the current path; false for kinds that have none. */
export function traceShape(ctx: Context, shape: Shape, view: View): boolean {
  const { scale, x, y } = view
  switch (shape.kind) {
    case 'box': {
      const [x1, y1, x2, y2] = shape.box
      const left = Math.round(x1 * scale + x) + 0.5
      const top = Math.round(y1 * scale + y) + 0.5
      ctx.rect(left, top, Math.round(x2 * scale + x) + 0.5 - left, Math.round(y2 * scale + y) + 0.5 - top)
      return true
    }
    case 'rotated-box':
      traceRing(ctx, rotatedBoxCorners(shape.rotatedBox), view)
      return true
    case 'polygon':
      for (const ring of shape.rings) traceRing(ctx, ring, view)
      return true
    case 'mask':
    case 'keypoints':
    case 'tag':
      return false
  }
}

function traceRing(ctx: Context, ring: readonly (readonly [number, number])[], { scale, x, y }: View): void {
  ring.forEach(([px, py], i) => {
    if (i === 0) ctx.moveTo(px * scale + x, py * scale + y)
    else ctx.lineTo(px * scale + x, py * scale + y)
  })
  ctx.closePath()
}

export function drawShape(ctx: Context, shape: Shape, view: View, style: ShapeStyle): void {
  if (shape.kind === 'keypoints') return drawPose(ctx, shape, view, style)
  if (shape.kind === 'mask') return drawMask(ctx, shape, view, style)
  ctx.beginPath()
  if (!traceShape(ctx, shape, view)) return
  if (style.fill > 0) {
    ctx.fillStyle = withAlpha(style.color, style.fill)
    ctx.fill('evenodd')
  }
  strokePath(ctx, style)
  if (shape.kind === 'rotated-box') {
    // A short arm shows which side is up.
    const [a, b] = rotatedBoxCorners(shape.rotatedBox)
    const [cx, cy] = shape.rotatedBox
    const { scale, x, y } = view
    ctx.beginPath()
    ctx.moveTo(cx * scale + x, cy * scale + y)
    ctx.lineTo(((a[0] + b[0]) / 2) * scale + x, ((a[1] + b[1]) / 2) * scale + y)
    ctx.lineWidth = 1
    ctx.stroke()
  }
}

function strokePath(ctx: Context, { color, lineWidth, dash, halo }: ShapeStyle): void {
  if (halo) {
    ctx.strokeStyle = halo
    ctx.lineWidth = lineWidth + 2
    ctx.stroke()
  }
  ctx.setLineDash(dash ? [...dash] : [])
  ctx.strokeStyle = color
  ctx.lineWidth = lineWidth
  ctx.stroke()
  if (dash) ctx.setLineDash([])
}

function drawMask(ctx: Context, shape: Extract<Shape, { kind: 'mask' }>, view: View, style: ShapeStyle): void {
  const picture = maskPicture(shape.mask, style.color)
  if (!picture) return
  const { scale, x, y } = view
  const [x1, y1, x2, y2] = picture.box
  ctx.save()
  ctx.globalAlpha = 0.3 + style.fill
  ctx.imageSmoothingEnabled = false
  ctx.drawImage(picture.canvas, x1 * scale + x, y1 * scale + y, (x2 - x1) * scale, (y2 - y1) * scale)
  ctx.restore()
  if (style.halo || style.dash) {
    ctx.beginPath()
    ctx.rect(x1 * scale + x, y1 * scale + y, (x2 - x1) * scale, (y2 - y1) * scale)
    strokePath(ctx, { ...style, lineWidth: 1 })
  }
}

function drawPose(ctx: Context, shape: Extract<Shape, { kind: 'keypoints' }>, view: View, style: ShapeStyle): void {
  const { scale, x, y } = view
  const { keypoints } = shape
  const { skeleton, color } = style
  const radius = style.pointRadius ?? 3.5
  const edges = (skeleton?.edges ?? []).filter(([a, b]) => keypoints[a]?.[2] && keypoints[b]?.[2])
  if (edges.length > 0) {
    ctx.beginPath()
    for (const [a, b] of edges) {
      ctx.moveTo(keypoints[a][0] * scale + x, keypoints[a][1] * scale + y)
      ctx.lineTo(keypoints[b][0] * scale + x, keypoints[b][1] * scale + y)
    }
    strokePath(ctx, style)
  }
  keypoints.forEach(([px, py, v], i) => {
    if (v === 0) return
    const side = skeleton ? keypointSide(skeleton, i) : null
    const own = side ? sideColors[side] : color
    ctx.beginPath()
    ctx.arc(px * scale + x, py * scale + y, radius, 0, 2 * Math.PI)
    // Hidden points are hollow: shape as well as colour tells them apart.
    ctx.fillStyle = v === 2 ? own : 'rgba(255,255,255,0.35)'
    ctx.fill()
    ctx.lineWidth = v === 2 ? 1 : 2
    ctx.strokeStyle = v === 2 ? '#111827' : own
    ctx.stroke()
  })
  if (style.names && skeleton) {
    ctx.font = '11px system-ui, sans-serif'
    ctx.textBaseline = 'middle'
    keypoints.forEach(([px, py, v], i) => {
      if (v === 0 || !skeleton.names[i]) return
      const sx = px * scale + x + radius + 3
      const sy = py * scale + y
      ctx.lineWidth = 3
      ctx.strokeStyle = 'rgba(0,0,0,0.7)'
      ctx.strokeText(skeleton.names[i], sx, sy)
      ctx.fillStyle = '#ffffff'
      ctx.fillText(skeleton.names[i], sx, sy)
    })
  }
}
