/** What a model tells of points, as an annotation has them. */
import type { FoundPoint } from './detection'
import type { Keypoint } from './geometry'

/** From this confidence on a point counts as there. */
export const pointConfidence = 0.5

/** Points below {@link pointConfidence}, and those outside of the image, become absent. */
export const toKeypoints = (
  points: readonly FoundPoint[],
  { width, height }: { width: number; height: number } = { width: Infinity, height: Infinity },
): Keypoint[] =>
  points.map(([x, y, confidence]): Keypoint => {
    const isThere = confidence >= pointConfidence && x >= 0 && y >= 0 && x <= width && y <= height
    return isThere ? [x, y, 2] : [0, 0, 0]
  })
