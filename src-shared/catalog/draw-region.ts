import type { Rng } from '../base/rng'
import type { Box } from '../domain/geometry'

/**
 * A rectangle of the picture's shape in whole pixels, its centre anywhere in the picture, cut at the border (timm's
 * `rand_bbox`); null when nothing is left of it.
 * @param ratio of the sides, 0..1.
 */
export function drawRegion(rng: Rng, { width, height }: { width: number; height: number }, ratio: number): Box | null {
  const side = (length: number): [number, number] => {
    const half = Math.trunc(length * ratio) >> 1
    const centre = rng.int(0, length - 1)
    return [Math.max(0, centre - half), Math.min(length, centre + half)]
  }
  const [y1, y2] = side(height)
  const [x1, x2] = side(width)
  return x2 > x1 && y2 > y1 ? [x1, y1, x2, y2] : null
}
