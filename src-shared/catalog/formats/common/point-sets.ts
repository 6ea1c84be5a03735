/** Points of other tools' shapes: outlines of circles and ellipses, turned boxes. Pixels, degrees clockwise. */
import type { Point } from '../../../domain/geometry'

/** Corners that stand for a curve: the area differs by less than 1 %. */
const corners = 32

export function ellipseRing(cx: number, cy: number, rx: number, ry: number, angle = 0): [number, number][] {
  const [c, s] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]
  return Array.from({ length: corners }, (_, i) => {
    const [x, y] = [rx * Math.cos((2 * Math.PI * i) / corners), ry * Math.sin((2 * Math.PI * i) / corners)]
    return [cx + x * c - y * s, cy + x * s + y * c]
  })
}

/** `[cx, cy, w, h, angle]` of four corners in order, the first edge along the width; null: they are no rectangle. */
export function rotatedBoxOf(points: readonly Point[]): [number, number, number, number, number] | null {
  if (points.length !== 4) return null
  const [a, b, c, d] = points
  const w = Math.hypot(b[0] - a[0], b[1] - a[1])
  const h = Math.hypot(c[0] - b[0], c[1] - b[1])
  const middle = [(a[0] + c[0]) / 2 - (b[0] + d[0]) / 2, (a[1] + c[1]) / 2 - (b[1] + d[1]) / 2]
  const slack = 0.02 * Math.max(w, h) + 1e-6
  const square = Math.abs((b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1])) <= slack * Math.max(w, h)
  if (!square || Math.hypot(middle[0], middle[1]) > slack) return null
  const angle = (Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI
  return [(a[0] + c[0]) / 2, (a[1] + c[1]) / 2, w, h, Number(angle.toFixed(10))]
}
