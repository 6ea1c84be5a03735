/** A pose as SVG: lines between points that are there, then the points. */
import { labelColor } from '../domain/label'

export interface DrawnPose {
  /** x, y in the units of the picture, and whether the point is there. */
  points: readonly (readonly [x: number, y: number, there: boolean])[]
  edges: readonly (readonly [number, number])[]
  /** `#rrggbb` of the lines. */
  color: string
  /** Width of the lines; points are larger. */
  line: number
}

export function drawSkeleton({ points, edges, color, line }: DrawnPose): string {
  const lines = edges.flatMap(([a, b]) => {
    const [from, to] = [points[a], points[b]]
    if (!from?.[2] || !to?.[2]) return []
    return [
      `<line x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" y2="${to[1]}" stroke="${color}" stroke-width="${line}" stroke-linecap="round"/>`,
    ]
  })
  const dots = points.map(([x, y, there], k) =>
    there
      ? `<circle cx="${x}" cy="${y}" r="${1.8 * line}" fill="${labelColor(k)}" stroke="#ffffff" stroke-width="${line / 2}"/>`
      : '',
  )
  return [...lines, ...dots].join('')
}
