/** The box of a pose whose file states none. */
import { boundingBox, clipBox, type Box, type Keypoint, type Point } from './geometry'

/** Room around the points: a share of the longer side of their box, at least a share of the image's longer side. */
const MARGIN = 0.15
const LEAST = 0.02

/** The labelled points' bounding box with room around it, cut at the image's edge; null without a labelled point. */
export function poseBox(keypoints: readonly Keypoint[], image: { width: number; height: number }): Box | null {
  const points = keypoints.filter(([, , v]) => v > 0).map(([x, y]): Point => [x, y])
  if (points.length === 0) return null
  const [x1, y1, x2, y2] = boundingBox(points)
  const room = Math.max(MARGIN * Math.max(x2 - x1, y2 - y1), LEAST * Math.max(image.width, image.height))
  const box = clipBox([x1 - room, y1 - room, x2 + room, y2 + room], image.width, image.height)
  return box[2] > box[0] && box[3] > box[1] ? box : null
}
