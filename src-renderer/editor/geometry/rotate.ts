/** Turns about a centre; degrees, clockwise on screen (y down). */
import type { Point } from '@shared/domain/geometry'

export function rotatePoint([x, y]: Point, [cx, cy]: Point, degrees: number): Point {
  const c = Math.cos((degrees * Math.PI) / 180)
  const s = Math.sin((degrees * Math.PI) / 180)
  const dx = x - cx
  const dy = y - cy
  return [cx + dx * c - dy * s, cy + dx * s + dy * c]
}

/** Degrees in [-180, 180). */
export const normalizeAngle = (degrees: number): number => ((((degrees + 180) % 360) + 360) % 360) - 180

/** Direction from a to b in degrees clockwise from the positive x axis. */
export const angleOf = (a: Point, b: Point): number => (Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI
