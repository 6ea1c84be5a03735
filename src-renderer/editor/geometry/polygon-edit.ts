/** Polygons changed one corner at a time. Every function answers new rings. */
import type { Point } from '@shared/domain/geometry'

export type Rings = [number, number][][]
type ReadRings = readonly (readonly Point[])[]

const copy = (rings: ReadRings): Rings => rings.map((ring) => ring.map(([x, y]): [number, number] => [x, y]))

export function moveVertex(rings: ReadRings, ring: number, index: number, to: Point): Rings {
  const next = copy(rings)
  next[ring][index] = [to[0], to[1]]
  return next
}

/** Puts a corner after `index`. */
export function insertVertex(rings: ReadRings, ring: number, index: number, at: Point): Rings {
  const next = copy(rings)
  next[ring].splice(index + 1, 0, [at[0], at[1]])
  return next
}

/**
 * Takes a corner out. A hole that would keep fewer than three corners goes altogether; null when the outline itself
 * would.
 */
export function deleteVertex(rings: ReadRings, ring: number, index: number): Rings | null {
  const next = copy(rings)
  next[ring].splice(index, 1)
  if (next[ring].length < 3) next.splice(ring, 1)
  return next.length > 0 ? next : null
}

/** Without corners that repeat the one before; null when fewer than three differ or they enclose nothing. */
export function tidyRing(ring: readonly Point[]): [number, number][] | null {
  const same = (a: Point, b: Point) => a[0] === b[0] && a[1] === b[1]
  const kept = ring.filter((point, i) => i === 0 || !same(point, ring[i - 1]))
  while (kept.length > 1 && same(kept[0], kept[kept.length - 1])) kept.pop()
  if (kept.length < 3) return null
  let doubled = 0
  kept.forEach(([x, y], i) => {
    const [nx, ny] = kept[(i + 1) % kept.length]
    doubled += x * ny - nx * y
  })
  return Math.abs(doubled) > 0 ? kept.map(([x, y]): [number, number] => [x, y]) : null
}
