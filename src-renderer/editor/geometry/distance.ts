/** Distances in the plane, image pixels. */
import type { Point, Ring } from '@shared/domain/geometry'

export const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1])

/** The nearest point of the segment a-b, its place along it (0 at a, 1 at b) and its distance. */
export function nearestOnSegment(p: Point, a: Point, b: Point): { point: Point; at: number; distance: number } {
  const dx = b[0] - a[0]
  const dy = b[1] - a[1]
  const length2 = dx * dx + dy * dy
  const at = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2))
  const point: Point = [a[0] + at * dx, a[1] + at * dy]
  return { point, at, distance: distance(p, point) }
}

/** Whether the point lies inside by the even-odd rule, so that rings inside rings are holes. */
export function insideRings([x, y]: Point, rings: readonly Ring[]): boolean {
  let inside = false
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [xi, yi] = ring[i]
      const [xj, yj] = ring[j]
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside
    }
  }
  return inside
}

/** Distance to the nearest edge of a closed ring. */
export function distanceToRing(p: Point, ring: Ring): number {
  let best = Infinity
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    best = Math.min(best, nearestOnSegment(p, ring[j], ring[i]).distance)
  }
  return best
}
