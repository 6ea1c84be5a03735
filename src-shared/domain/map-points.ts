/** One rule for every change of a shape that moves its points alone. */
import type { Shape } from './annotation'
import { boundingBox, type Box, type Point } from './geometry'

type MapPoint = (point: Point) => Point

/** The upright box around the mapped corners of a box. */
export function mapBox([x1, y1, x2, y2]: Box, map: MapPoint): [number, number, number, number] {
  const around = boundingBox([map([x1, y1]), map([x2, y1]), map([x2, y2]), map([x1, y2])])
  return [around[0], around[1], around[2], around[3]]
}

/**
 * Maps every point, in pixels; `box` members become the box around their mapped corners. Masks and rotated boxes stay,
 * because they are more than their points. A keypoint that is absent (visibility 0 at 0, 0; COCO) has no place and stays.
 */
export function mapPoints(shape: Shape, map: MapPoint): Shape {
  const point = (p: Point): [number, number] => {
    const [x, y] = map(p)
    return [x, y]
  }
  const box = (one: Box) => mapBox(one, map)
  switch (shape.kind) {
    case 'box':
      return { kind: 'box', box: box(shape.box) }
    case 'polygon':
      return {
        kind: 'polygon',
        rings: shape.rings.map((ring) => ring.map(point)),
        ...(shape.box ? { box: box(shape.box) } : {}),
      }
    case 'keypoints':
      return {
        kind: 'keypoints',
        keypoints: shape.keypoints.map(([x, y, v]) =>
          v === 0 && x === 0 && y === 0 ? [x, y, v] : [...point([x, y]), v],
        ),
        ...(shape.box ? { box: box(shape.box) } : {}),
      }
    case 'rotated-box':
    case 'mask':
    case 'tag':
      return shape
  }
}
