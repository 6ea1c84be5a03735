/** Pictures of detections: the image with boxes, names and scores. */
import sharp from 'sharp'
import type { FoundPoint } from '@shared/domain/detection'
import { pointConfidence } from '@shared/domain/found-points'
import { drawSkeleton } from '@shared/plots/draw-skeleton'
import { openImage } from './render-image'

export interface DrawnBox {
  /** `[x1, y1, x2, y2]`, upright image pixels. */
  box: readonly [number, number, number, number]
  name: string
  /** 0..1 */
  score: number
  /** `#rrggbb` */
  color: string
  /** Points of a pose, and pairs of them that are joined. */
  keypoints?: readonly FoundPoint[] | undefined
  edges?: readonly (readonly [number, number])[]
}

/** Writes `out` (format by its ending). Line and text grow with the image. */
export async function drawDetections(file: string, out: string, boxes: readonly DrawnBox[]): Promise<void> {
  const { data, info } = await (
    await openImage(file)
  )
    .toColourspace('srgb')
    .flatten({ background: '#ffffff' })
    .raw()
    .toBuffer({ resolveWithObject: true })
  const raw = { width: info.width, height: info.height, channels: info.channels }
  const picture = sharp(data, { raw })
  if (boxes.length > 0) picture.composite([{ input: Buffer.from(overlay(info.width, info.height, boxes)) }])
  await picture.toFile(out)
}

function overlay(width: number, height: number, boxes: readonly DrawnBox[]): string {
  const line = Math.max(1, Math.round(Math.max(width, height) / 400))
  const size = Math.max(10, Math.round(Math.max(width, height) / 50))
  const shapes = boxes.map(({ box: [x1, y1, x2, y2], name, score, color, keypoints = [], edges = [] }) => {
    const text = `${name} ${score.toFixed(2)}`
    // A tag sits above its box, or inside where there is no room.
    const top = y1 >= size * 1.3 ? y1 - size * 1.3 : y1
    const points = keypoints.map(([x, y, sure]) => [x, y, sure >= pointConfidence] as const)
    return (
      `<rect x="${x1}" y="${y1}" width="${x2 - x1}" height="${y2 - y1}" fill="none" stroke="${color}" stroke-width="${line}"/>` +
      `<rect x="${x1}" y="${top}" width="${text.length * size * 0.6}" height="${size * 1.3}" fill="${color}"/>` +
      `<text x="${x1 + size * 0.15}" y="${top + size}" font-family="sans-serif" font-size="${size}" fill="${ink(color)}">${escape(text)}</text>` +
      drawSkeleton({ points, edges, color, line })
    )
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes.join('')}</svg>`
}

/** Black or white, whichever reads better on the colour (relative luminance, WCAG 2). */
function ink(color: string): string {
  const [r, g, b] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? '#000000' : '#ffffff'
}

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`).replace(/[\u0000-\u001f]/g, ' ') // eslint-disable-line no-control-regex
