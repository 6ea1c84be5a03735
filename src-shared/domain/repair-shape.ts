/** The repairs that lint offers for one shape. */
import type { Shape } from './annotation'
import { boundingBox, clipBox, type Keypoint, type Point, type Ring } from './geometry'
import { isOutside } from './lint-sample'
import type { Skeleton } from './skeleton'
import { findSwappedSides } from './swapped-sides'

type Pose = Extract<Shape, { kind: 'keypoints' }>

/** The part inside the image; null: nothing is left. Masks and rotated boxes stay as they are. */
export function clipShape(shape: Shape, width: number, height: number): Shape | null {
  const cut = (box: [number, number, number, number]) => [...clipBox(box, width, height)] as typeof box
  switch (shape.kind) {
    case 'box': {
      const box = cut(shape.box)
      return box[2] > box[0] && box[3] > box[1] ? { kind: 'box', box } : null
    }
    case 'polygon': {
      const rings = shape.rings
        .map((ring) => clipRing(ring, width, height).map(([x, y]): [number, number] => [x, y]))
        .filter((ring) => ring.length >= 3)
      if (rings.length === 0) return null
      const [x1, y1, x2, y2] = boundingBox(rings.flat())
      return x2 > x1 && y2 > y1 ? { ...shape, rings, ...(shape.box ? { box: cut(shape.box) } : {}) } : null
    }
    case 'keypoints': {
      const keypoints = shape.keypoints.map((point): Keypoint =>
        point[2] > 0 && isOutside(point, width, height) ? [0, 0, 0] : point,
      )
      return { ...shape, keypoints: keypoints as Pose['keypoints'], ...(shape.box ? { box: cut(shape.box) } : {}) }
    }
    default:
      return shape
  }
}

/** Absent points are added at the end, or points beyond the skeleton's are left out. */
export const padPose = (shape: Pose, { names }: Skeleton): Pose => ({
  ...shape,
  keypoints: names.map((_, i) => shape.keypoints[i] ?? [0, 0, 0]),
})

/** Exchanges the points that {@link findSwappedSides} names. */
export function swapSides(shape: Pose, skeleton: Skeleton): Pose {
  const keypoints = [...shape.keypoints]
  for (const [a, b] of findSwappedSides(shape.keypoints, skeleton)?.swap ?? []) {
    const kept = keypoints[a]
    keypoints[a] = keypoints[b]
    keypoints[b] = kept
  }
  return { ...shape, keypoints }
}

/** Sutherland and Hodgman, 1974: cuts along one border after the other. */
function clipRing(ring: Ring, width: number, height: number): Point[] {
  const borders: [axis: 0 | 1, limit: number, sign: 1 | -1][] = [
    [0, 0, 1],
    [0, width, -1],
    [1, 0, 1],
    [1, height, -1],
  ]
  let points: Point[] = [...ring]
  for (const [axis, limit, sign] of borders) {
    const isIn = (point: Point) => (point[axis] - limit) * sign >= 0
    const kept: Point[] = []
    points.forEach((to, i) => {
      const from = points.at(i - 1)!
      if (isIn(from) !== isIn(to)) {
        const t = (limit - from[axis]) / (to[axis] - from[axis])
        const other = from[1 - axis] + t * (to[1 - axis] - from[1 - axis])
        kept.push(axis === 0 ? [limit, other] : [other, limit])
      }
      if (isIn(to)) kept.push(to)
    })
    points = kept
  }
  // A corner on the border is met twice.
  return points.filter(([x, y], i) => {
    const [beforeX, beforeY] = points.at(i - 1)!
    return x !== beforeX || y !== beforeY
  })
}
