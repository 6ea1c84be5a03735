/**
 * The loss of poses: YOLOX's, and for each matched cell the similarity (OKS), distance and visibility of its points
 * (Maji et al. 2022, arXiv:2204.06806).
 */
import type { Value } from '../../engine/graph'
import {
  abs,
  add,
  bceWithLogits,
  div,
  exp,
  matmul,
  max,
  min,
  mul,
  neg,
  reduceSum,
  reshape,
  slice,
  sqrt,
  stopGradient,
  sub,
} from '../../engine/ops'
import { type PoseHead, decodePoints } from '../models/yolox/pose-head'
import type { TaskLoss } from '../tasks/define'
import { type YoloxLossOptions, yoloxLoss } from './yolox'

export interface YoloxPoseOptions extends YoloxLossOptions {
  /**
   * `coco`: e = d^2 / (2 area (2 sigma)^2), the mean over an object's labelled points, then over objects. `yolo-pose`: as
   * that paper's code, e = d^2 / (area (2 sigma)^2), the mean over all labelled points at once.
   */
  oks: 'coco' | 'yolo-pose'
  /** Weights of similarity, distance and visibility. */
  points: number
  pointL1: number
  visibility: number
}

/**
 * @param targets [N, M, 5 + 3 K] rows (class, cx, cy, w, h, then x, y, v of each point) in input pixels; v is 1 where a
 *   point is labelled, else 0. The area of an object is that of its box.
 */
export function yoloxPoseLoss(head: PoseHead, targets: Value, useL1: Value, options: YoloxPoseOptions): TaskLoss {
  const { graph } = targets.node
  const [n, count, , cells] = head.points.shape
  const boxes = slice(targets, 2, 0, 5)
  const { total: detection, metrics, assignment, oneHot } = yoloxLoss(head, boxes, useL1, options)
  return graph.scope('pose-loss', () => {
    const { positive, matched, box } = assignment
    const all = [0, 1, 2]
    const truth = stopGradient(reshape(matched(slice(targets, 2, 5, 5 + 3 * count)), [n, count, 3, cells]))
    const [x, y, v] = [0, 1, 2].map((i) => reshape(slice(truth, 2, i, i + 1), [n, count, cells]))
    const area = stopGradient(mul(slice(box, 1, 2, 3), slice(box, 1, 3, 4)))
    const found = decodePoints(head.points, head.cells)
    // Points that do not count have no distance, so that nothing large is multiplied by zero later.
    const dx = mul(sub(found.x, x), v)
    const dy = mul(sub(found.y, y), v)
    const squared = add(mul(dx, dx), mul(dy, dy))
    const doubled = graph.constant(
      head.sigmas.flatMap((row) => row.map((sigma) => (2 * sigma) ** 2)),
      [head.sigmas.length, count],
    )
    const variance =
      head.sigmas.length === 1 ? reshape(doubled, [1, count, 1]) : stopGradient(matched(matmul(oneHot, doubled)))
    const factor = options.oks === 'coco' ? 2 : 1
    const exponent = div(squared, add(mul(mul(area, variance), factor), 1e-9))
    const apart = mul(sub(1, exp(neg(exponent))), v)
    const labelled = reduceSum(v, [1], true)
    const shown = max(reduceSum(min(labelled, 1), all), 1)
    const labelledAll = max(reduceSum(labelled, all), 1)
    const similarity =
      options.oks === 'coco'
        ? div(reduceSum(div(reduceSum(apart, [1], true), max(labelled, 1)), all), shown)
        : div(reduceSum(apart, all), labelledAll)
    const lengths = div(add(abs(dx), abs(dy)), mul(sqrt(add(area, 1e-9)), 2))
    const distance = div(reduceSum(lengths, all), labelledAll)
    const positives = max(reduceSum(positive, all), 1)
    const guesses = mul(bceWithLogits(found.visibility, v), positive)
    // An object without any labelled point (a plain box) says nothing about points.
    const told = reduceSum(mul(guesses, min(labelled, 1)), all)
    const visibility = div(div(told, count), positives)
    const parts = {
      loss_pts: mul(similarity, options.points),
      loss_dist: mul(distance, options.pointL1),
      loss_vis: mul(visibility, options.visibility),
    }
    const total = [...Object.values(parts)].reduce(add, detection)
    return { total, metrics: { ...metrics, ...parts, loss: total } }
  })
}
