/** What a detector says about one image. */
import type { Box } from './geometry'

/** A point that a model tells: upright image pixels, and how sure it is that the point is there, 0..1. */
export type FoundPoint = readonly [x: number, y: number, confidence: number]

export interface Detection {
  /** Label index. */
  label: number
  /** 0..1 */
  score: number
  /** Upright image pixels. */
  box: Box
  keypoints?: readonly FoundPoint[]
}

/** The same on a picture that is `sx` times as wide and `sy` times as high. */
export const scaleDetection = (
  { box: [x1, y1, x2, y2], keypoints, ...rest }: Detection,
  sx: number,
  sy: number,
): Detection => ({
  ...rest,
  box: [x1 * sx, y1 * sy, x2 * sx, y2 * sy],
  ...(keypoints && { keypoints: keypoints.map(([x, y, confidence]) => [x * sx, y * sy, confidence] as const) }),
})

/** One row of predictions.json, in COCO's result format: `bbox` is [x, y, w, h]. */
export interface CocoResult {
  image_id: number
  category_id: number
  bbox: [number, number, number, number]
  score: number
  segmentation?: { size: [number, number]; counts: string }
  keypoints?: number[]
}
