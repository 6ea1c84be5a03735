/** Affine maps of the plane, in the continuous pixel coordinates of geometry.ts. */
import { boundingBox, type Box, type Point } from './geometry'

/** `[a, b, c, d, e, f]`: x' = a x + b y + c, y' = d x + e y + f. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number]

export const identity: Affine = [1, 0, 0, 0, 1, 0]

export const translation = (x: number, y: number): Affine => [1, 0, x, 0, 1, y]

export const scaling = (x: number, y = x): Affine => [x, 0, 0, 0, y, 0]

/** Mirrors x inside an image of this width. */
export const mirrorX = (width: number): Affine => [-1, 0, width, 0, 1, 0]

/** The map that applies `first`, then `then`. */
export const compose = (then: Affine, first: Affine): Affine => [
  then[0] * first[0] + then[1] * first[3],
  then[0] * first[1] + then[1] * first[4],
  then[0] * first[2] + then[1] * first[5] + then[2],
  then[3] * first[0] + then[4] * first[3],
  then[3] * first[1] + then[4] * first[4],
  then[3] * first[2] + then[4] * first[5] + then[5],
]

/** The inverse map; a singular one gives non-finite numbers. */
export function invert([a, b, c, d, e, f]: Affine): Affine {
  const det = a * e - b * d
  return [e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det]
}

export const applyToPoint = ([a, b, c, d, e, f]: Affine, [x, y]: Point): Point => [a * x + b * y + c, d * x + e * y + f]

/** Whether the map turns left into right. */
export const isMirrored = ([a, b, , d, e]: Affine): boolean => a * e - b * d < 0

/** The upright box around the four mapped corners. */
export const applyToBox = (m: Affine, [x1, y1, x2, y2]: Box): Box =>
  boundingBox([
    applyToPoint(m, [x1, y1]),
    applyToPoint(m, [x2, y1]),
    applyToPoint(m, [x2, y2]),
    applyToPoint(m, [x1, y2]),
  ])
