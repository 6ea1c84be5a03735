/** Pictures out of frames: encoded, made small, hashed, with boxes on them. */
import { differenceBits } from '@shared/domain/pick-frames'
import type { LiveDetector } from '@shared/contract/live'
import type { Detection } from '@shared/domain/detection'
import { toKeypoints } from '@shared/domain/found-points'
import type { Keypoint } from '@shared/domain/geometry'
import { labelColor } from '@shared/domain/label'

type Source = ImageBitmap | HTMLVideoElement | HTMLCanvasElement | OffscreenCanvas

const sizeOf = (source: Source): { width: number; height: number } =>
  source instanceof HTMLVideoElement
    ? { width: source.videoWidth, height: source.videoHeight }
    : { width: source.width, height: source.height }

/** On a canvas of its own, at most `longest` px wide and high. */
export function shrink(source: Source, longest = Infinity): OffscreenCanvas {
  const { width, height } = sizeOf(source)
  const scale = Math.min(1, longest / Math.max(width, height))
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)))
  const context = canvas.getContext('2d')!
  context.imageSmoothingQuality = 'high'
  context.drawImage(source, 0, 0, canvas.width, canvas.height)
  return canvas
}

export const encodeJpeg = (source: Source, quality: number, longest = Infinity): Promise<Blob> =>
  shrink(source, longest).convertToBlob({ type: 'image/jpeg', quality })

export const encodePng = (source: Source): Promise<Blob> => shrink(source).convertToBlob({ type: 'image/png' })

/** The difference hash of what is shown. */
export function hashOf(source: Source): bigint {
  const canvas = new OffscreenCanvas(9, 8)
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  context.imageSmoothingQuality = 'high'
  // In two steps: browsers look at a few pixels only when they make something much smaller at once.
  context.drawImage(shrink(source, 144), 0, 0, 9, 8)
  const { data } = context.getImageData(0, 0, 9, 8)
  const grey = Float64Array.from({ length: 72 }, (_, i) => 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]) // prettier-ignore
  return differenceBits(grey)
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

/** Boxes with names and scores, strokes sized for the picture. */
export function drawBoxes(
  context: Context,
  detections: readonly Detection[],
  labels: LiveDetector['labels'],
  size: { width: number; height: number },
): void {
  const unit = Math.max(1, Math.max(size.width, size.height) / 640)
  context.save()
  context.lineWidth = 2 * unit
  context.font = `600 ${12 * unit}px system-ui, sans-serif`
  context.textBaseline = 'middle'
  for (const { label, score, box, keypoints = [] } of detections.toReversed()) {
    const { name, color, edges = [] } = labels[label] ?? { name: String(label), color: '#0072b2' }
    const [x1, y1, x2, y2] = box
    context.strokeStyle = color
    context.strokeRect(x1, y1, x2 - x1, y2 - y1)
    drawPose(context, toKeypoints(keypoints, size), { edges, color, unit })
    const text = `${name} ${score.toFixed(2)}`
    const [width, height] = [context.measureText(text).width + 8 * unit, 17 * unit]
    const x = Math.min(Math.max(0, x1 - unit), Math.max(0, size.width - width))
    const y = y1 - height < 0 ? y1 : y1 - height
    context.fillStyle = color
    context.fillRect(x, y, width, height)
    context.fillStyle = isLight(color) ? '#14161b' : '#ffffff'
    context.fillText(text, x + 4 * unit, y + height / 2)
  }
  context.restore()
}

/** Whether dark text reads better on it (sRGB luma). */
function isLight(color: string): boolean {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16))
  return 0.299 * r + 0.587 * g + 0.114 * b > 140
}

/** Lines between points that are there, then the points. */
function drawPose(
  context: Context,
  points: readonly Keypoint[],
  { edges, color, unit }: { edges: readonly (readonly [number, number])[]; color: string; unit: number },
): void {
  context.beginPath()
  for (const [a, b] of edges) {
    if (!points[a]?.[2] || !points[b]?.[2]) continue
    context.moveTo(points[a][0], points[a][1])
    context.lineTo(points[b][0], points[b][1])
  }
  context.strokeStyle = color
  context.stroke()
  points.forEach(([x, y, v], k) => {
    if (v === 0) return
    context.beginPath()
    context.arc(x, y, 3.5 * unit, 0, 2 * Math.PI)
    context.fillStyle = labelColor(k)
    context.fill()
  })
}
