/** Which shapes lie under a point: an R-tree in image space, then the exact outline. */
import type { Shape } from '@shared/domain/annotation'
import { boxArea, ringArea, type Box, type Point } from '@shared/domain/geometry'
import { rotatedBoxCorners, shapeBox } from '@shared/domain/shape-box'
import RBush from 'rbush'
import { distance, distanceToRing, insideRings, nearestOnSegment } from './distance'

export interface Entry {
  readonly minX: number
  readonly minY: number
  readonly maxX: number
  readonly maxY: number
  readonly id: number
}

/** Boxes by id, searched by place. */
export class HitIndex {
  private readonly tree = new RBush<Entry>()
  private readonly entries = new Map<number, Entry>()

  get size(): number {
    return this.entries.size
  }

  load(items: Iterable<readonly [id: number, box: Box]>): void {
    this.tree.clear()
    this.entries.clear()
    for (const [id, box] of items) this.entries.set(id, entryOf(id, box))
    this.tree.load([...this.entries.values()])
  }

  /** null takes the id out. */
  set(id: number, box: Box | null): void {
    const old = this.entries.get(id)
    if (old) {
      if (box && old.minX === box[0] && old.minY === box[1] && old.maxX === box[2] && old.maxY === box[3]) return
      this.tree.remove(old)
      this.entries.delete(id)
    }
    if (!box) return
    const entry = entryOf(id, box)
    this.entries.set(id, entry)
    this.tree.insert(entry)
  }

  /** Ids whose boxes meet the area. */
  search(area: Box): number[] {
    return this.tree.search({ minX: area[0], minY: area[1], maxX: area[2], maxY: area[3] }).map((entry) => entry.id)
  }
}

const entryOf = (id: number, box: Box): Entry => ({ minX: box[0], minY: box[1], maxX: box[2], maxY: box[3], id })

export interface HitShape {
  readonly id: number
  readonly shape: Shape
  readonly z: number
}

/**
 * Shapes at a point, the one to choose first: the smallest, then the one drawn on top.
 * @param tolerance image pixels (screen tolerance / scale) by which the pointer may miss an outline.
 */
export function hitTest<T extends HitShape>(
  index: HitIndex,
  get: (id: number) => T | undefined,
  point: Point,
  tolerance: number,
): T[] {
  const [x, y] = point
  const found = index
    .search([x - tolerance, y - tolerance, x + tolerance, y + tolerance])
    .map(get)
    .filter((item) => item !== undefined && hitsShape(item.shape, point, tolerance)) as T[]
  const area = new Map(found.map((item) => [item.id, shapeArea(item.shape)]))
  return found.sort((a, b) => area.get(a.id)! - area.get(b.id)! || b.z - a.z || b.id - a.id)
}

/** Whether the point lies in the shape or within the tolerance of its outline, image pixels. */
export function hitsShape(shape: Shape, point: Point, tolerance: number): boolean {
  switch (shape.kind) {
    case 'box':
      return inBox(shape.box, point, tolerance)
    case 'rotated-box': {
      const corners = rotatedBoxCorners(shape.rotatedBox)
      return insideRings(point, [corners]) || distanceToRing(point, corners) <= tolerance
    }
    case 'polygon':
      return insideRings(point, shape.rings) || shape.rings.some((ring) => distanceToRing(point, ring) <= tolerance)
    case 'mask':
      return inMask(shape.mask, point)
    case 'keypoints': {
      const box = shapeBox(shape)
      return box !== null && inBox(box, point, tolerance)
    }
    case 'tag':
      return false
  }
}

const inBox = ([x1, y1, x2, y2]: Box, [x, y]: Point, tolerance: number): boolean =>
  x >= x1 - tolerance && x <= x2 + tolerance && y >= y1 - tolerance && y <= y2 + tolerance

function inMask(mask: { size: readonly [number, number]; counts: readonly number[] }, [x, y]: Point): boolean {
  const [height, width] = mask.size
  const column = Math.floor(x)
  const row = Math.floor(y)
  if (column < 0 || row < 0 || column >= width || row >= height) return false
  const pixel = column * height + row
  let end = 0
  for (let i = 0; i < mask.counts.length; i++) {
    end += mask.counts[i]
    if (pixel < end) return i % 2 === 1
  }
  return false
}

/** Pixels squared, to order hits; outlines of holes are taken off. */
export function shapeArea(shape: Shape): number {
  switch (shape.kind) {
    case 'rotated-box':
      return shape.rotatedBox[2] * shape.rotatedBox[3]
    case 'polygon': {
      const [outer, ...holes] = shape.rings.map((ring) => Math.abs(ringArea(ring))).sort((a, b) => b - a)
      return outer - holes.reduce((sum, hole) => sum + hole, 0)
    }
    case 'mask':
      return shape.mask.counts.reduce((sum, count, i) => (i % 2 === 1 ? sum + count : sum), 0)
    case 'box':
    case 'keypoints':
    case 'tag': {
      const box = shapeBox(shape)
      return box ? boxArea(box) : 0
    }
  }
}

/** The nearest keypoint within the tolerance; absent ones are not hit. */
export function hitKeypoint(
  keypoints: readonly (readonly [number, number, number])[],
  point: Point,
  tolerance: number,
): number | null {
  let best: number | null = null
  let least = tolerance
  keypoints.forEach(([x, y, v], i) => {
    const far = distance([x, y], point)
    if (v > 0 && far <= least) {
      best = i
      least = far
    }
  })
  return best
}

/** The vertex or, failing that, the edge of a polygon near a point. */
export function hitPolygonPart(
  rings: readonly (readonly Point[])[],
  point: Point,
  tolerance: number,
): { part: 'vertex' | 'edge'; ring: number; index: number; point: Point } | null {
  let best: { part: 'vertex' | 'edge'; ring: number; index: number; point: Point } | null = null
  let least = tolerance
  rings.forEach((ring, r) =>
    ring.forEach((vertex, i) => {
      const far = distance(vertex, point)
      if (far <= least) {
        best = { part: 'vertex', ring: r, index: i, point: vertex }
        least = far
      }
    }),
  )
  if (best) return best
  rings.forEach((ring, r) =>
    ring.forEach((vertex, i) => {
      const near = nearestOnSegment(point, vertex, ring[(i + 1) % ring.length])
      if (near.distance <= least) {
        best = { part: 'edge', ring: r, index: i, point: near.point }
        least = near.distance
      }
    }),
  )
  return best
}

/** The next of a stack of hits after the chosen one, round and round; the first when none of them is chosen. */
export function cycleHit<T extends { id: number }>(hits: readonly T[], chosen: number | null): T | null {
  if (hits.length === 0) return null
  return hits[(hits.findIndex((hit) => hit.id === chosen) + 1) % hits.length]
}
