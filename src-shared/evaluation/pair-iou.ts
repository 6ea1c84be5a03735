/** How much detection `d` and ground truth `g` overlap, by kind: boxes, masks or keypoints (OKS). */
import { TagwrightError } from '../base/errors'
import type { Detections, GroundTruth } from './coco-columns'
import type { CocoParams } from './coco-params'
import { maskBox, maskIou } from './mask'
import { pairwiseSum } from './numpy'

/** Overlap of detection row `d` with ground-truth row `g`; crowds are measured against the detection's area. */
export type PairIou = (d: number, g: number) => number

/** The overlap function of `params.iouType`. Throws `bad-evaluation` when the columns lack what it needs. */
export function pairIou(gt: GroundTruth, dt: Detections, params: CocoParams): PairIou {
  if (params.iouType === 'bbox') return boxIou(gt.box, dt.box, gt.crowd)
  if (params.iouType === 'segm') return segmIou(gt, dt)
  return keypointSimilarity(gt, dt, params.sigmas)
}

function boxIou(gtBox: Float64Array, dtBox: Float64Array, crowd: Uint8Array): PairIou {
  return (d, g) => {
    d *= 4
    const gx = gtBox[4 * g]
    const gw = gtBox[4 * g + 2]
    const dx = dtBox[d]
    const dw = dtBox[d + 2]
    const w = Math.min(dw + dx, gw + gx) - Math.max(dx, gx)
    if (w <= 0) return 0
    const gy = gtBox[4 * g + 1]
    const gh = gtBox[4 * g + 3]
    const dy = dtBox[d + 1]
    const dh = dtBox[d + 3]
    const h = Math.min(dh + dy, gh + gy) - Math.max(dy, gy)
    if (h <= 0) return 0
    const intersection = w * h
    const union = crowd[g] ? dw * dh : dw * dh + gw * gh - intersection
    return intersection / union
  }
}

function segmIou(gt: GroundTruth, dt: Detections): PairIou {
  const { masks: gtMasks } = gt
  const { masks: dtMasks } = dt
  if ((gt.length > 0 && !gtMasks) || (dt.length > 0 && !dtMasks)) {
    throw new TagwrightError(
      'bad-evaluation',
      `Masks are to be evaluated, but the ${gtMasks ? 'detections' : 'ground truth'} carry none. Evaluate boxes instead.`,
    )
  }
  const gtBox = new Float64Array(gt.length * 4)
  const dtBox = new Float64Array(dt.length * 4)
  gtMasks?.forEach((mask, g) => maskBox(mask, gtBox, 4 * g))
  dtMasks?.forEach((mask, d) => maskBox(mask, dtBox, 4 * d))
  const boxes = boxIou(gtBox, dtBox, gt.crowd)
  return (d, g) => (boxes(d, g) > 0 ? maskIou(dtMasks![d], gtMasks![g], gt.crowd[g] === 1) : 0)
}

/**
 * Object keypoint similarity: mean over the labelled points of exp(-distance^2 / (2 area (2 sigma)^2)). For a ground
 * truth without labelled points the distance is that to its box, doubled on every side.
 */
function keypointSimilarity(gt: GroundTruth, dt: Detections, sigmas: Float64Array): PairIou {
  const points = gt.keypoints ? gt.keypointCount : dt.keypointCount
  const gtPoints = gt.keypoints
  const dtPoints = dt.keypoints
  if (!gtPoints || !dtPoints) {
    if (gt.length === 0 || dt.length === 0) return () => 0
    throw new TagwrightError(
      'bad-evaluation',
      `Keypoints are to be evaluated, but the ${gtPoints ? 'detections' : 'ground truth'} carry none. Evaluate boxes instead.`,
    )
  }
  const perCategory = sigmas.length === points * gt.categoryIds.length
  if (dt.keypointCount !== points || !(perCategory || sigmas.length === points)) {
    throw new TagwrightError(
      'bad-evaluation',
      `Ground truth has ${points} keypoints per object, detections ${dt.keypointCount}, and there are ${sigmas.length} OKS sigmas. Give one sigma per keypoint of the skeleton.`,
      { groundTruth: points, detections: dt.keypointCount, sigmas: sigmas.length },
    )
  }
  const variances = Float64Array.from(sigmas, (sigma) => sigma * 2 * (sigma * 2))
  const terms = new Float64Array(points)
  return (d, g) => {
    const [x, y, w, h] = [gt.box[4 * g], gt.box[4 * g + 1], gt.box[4 * g + 2], gt.box[4 * g + 3]]
    const area = gt.area[g] + Number.EPSILON
    const own = perCategory ? gt.category[g] * points : 0
    let labelled = 0
    for (let k = 0; k < points; k++) if (gtPoints[3 * (g * points + k) + 2] > 0) labelled++
    let count = 0
    for (let k = 0; k < points; k++) {
      const gAt = 3 * (g * points + k)
      const dAt = 3 * (d * points + k)
      const [xd, yd] = [dtPoints[dAt], dtPoints[dAt + 1]]
      let dx: number
      let dy: number
      if (labelled > 0) {
        if (!(gtPoints[gAt + 2] > 0)) continue
        dx = xd - gtPoints[gAt]
        dy = yd - gtPoints[gAt + 1]
      } else {
        dx = Math.max(0, x - w - xd) + Math.max(0, xd - (x + w * 2))
        dy = Math.max(0, y - h - yd) + Math.max(0, yd - (y + h * 2))
      }
      terms[count++] = Math.exp(-((dx * dx + dy * dy) / variances[own + k] / area / 2))
    }
    return pairwiseSum(terms, 0, count) / count
  }
}
