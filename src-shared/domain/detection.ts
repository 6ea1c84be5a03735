/** What a detector says about one image. */
import type { Box, Keypoint } from './geometry'

export interface Detection {
  /** Label index. */
  label: number
  /** 0..1 */
  score: number
  /** Upright image pixels. */
  box: Box
  keypoints?: Keypoint[]
}

/** One row of predictions.json, in COCO's result format: `bbox` is [x, y, w, h]. */
export interface CocoResult {
  image_id: number
  category_id: number
  bbox: [number, number, number, number]
  score: number
  segmentation?: { size: [number, number]; counts: string }
  keypoints?: number[]
}
