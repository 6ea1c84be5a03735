/** Shapes from the stored frame of an image to its upright one, for annotation files that ignored EXIF. */
import { runLengths } from '../base/run-lengths'
import type { Shape } from './annotation'
import type { Point } from './geometry'
import { mapBox, mapPoints } from './map-points'

/** @param orientation EXIF 1..8. @param width, height stored size in pixels. */
export function orientPoint([x, y]: Point, orientation: number, width: number, height: number): [number, number] {
  switch (orientation) {
    case 2:
      return [width - x, y]
    case 3:
      return [width - x, height - y]
    case 4:
      return [x, height - y]
    case 5:
      return [y, x]
    case 6:
      return [height - y, x]
    case 7:
      return [height - y, width - x]
    case 8:
      return [y, width - x]
    default:
      return [x, y]
  }
}

/** The same object in the upright image; see {@link orientPoint}. */
export function orientShape(shape: Shape, orientation: number, width: number, height: number): Shape {
  const point = (p: Point) => orientPoint(p, orientation, width, height)
  switch (shape.kind) {
    case 'box':
    case 'polygon':
    case 'keypoints':
      return mapPoints(shape, point)
    case 'rotated-box': {
      const [cx, cy, w, h, angle] = shape.rotatedBox
      const radians = (angle * Math.PI) / 180
      const [x, y] = point([cx, cy])
      const [ax, ay] = point([cx + Math.cos(radians), cy + Math.sin(radians)])
      return { kind: 'rotated-box', rotatedBox: [x, y, w, h, (Math.atan2(ay - y, ax - x) * 180) / Math.PI] }
    }
    case 'mask': {
      const turned = orientMask(shape.mask.size, shape.mask.counts, orientation)
      return { kind: 'mask', mask: turned, ...(shape.box ? { box: mapBox(shape.box, point) } : {}) }
    }
    case 'tag':
      return shape
  }
}

/** Column-major runs that start with background. */
function orientMask([height, width]: readonly [number, number], counts: readonly number[], orientation: number) {
  const [outWidth, outHeight] = orientation >= 5 ? [height, width] : [width, height]
  const out = new Uint8Array(width * height)
  let at = 0
  counts.forEach((count, i) => {
    if (i % 2 === 1) {
      for (let p = at; p < at + count; p++) {
        // Pixel centres, so that no pixel lands on a border.
        const [x, y] = orientPoint([Math.floor(p / height) + 0.5, (p % height) + 0.5], orientation, width, height)
        out[Math.floor(x) * outHeight + Math.floor(y)] = 1
      }
    }
    at += count
  })
  return { size: [outHeight, outWidth] as [number, number], counts: runLengths(out) }
}
