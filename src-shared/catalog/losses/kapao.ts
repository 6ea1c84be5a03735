/**
 * The loss of KAPAO (McNally et al. 2022, arXiv:2111.08557): that of a detector whose objects are the poses and each of
 * their points, and the distance of the points that poses tell. The detector's part is YOLOX's.
 */
import type { Value } from '../../engine/graph'
import { add, concat, div, equal, mask, matmul, max, mul, reduceSum, reshape, slice, sqrt, stopGradient, sub } from '../../engine/ops' // prettier-ignore
import { type KapaoHead, POINT_BOX, decodeKapaoPoints } from '../models/kapao/head'
import type { TaskLoss } from '../tasks/define'
import { type YoloxLossOptions, yoloxLoss } from './yolox'

export interface KapaoLossOptions extends YoloxLossOptions {
  /** Weight of the mean distance of visible points in strides; boxes have 5. */
  keypoints: number
}

/** @param targets as those of the pose loss: [N, M, 5 + 3 K]. */
export function kapaoLoss(
  head: KapaoHead,
  targets: Value,
  useL1: Value,
  { iou, keypoints }: KapaoLossOptions,
): TaskLoss {
  const { graph } = targets.node
  const [n, count, , cells] = head.points.shape
  const { total, metrics, assignment } = yoloxLoss(head, withPointObjects(head, targets), useL1, { iou })
  return graph.scope('kapao-loss', () => {
    const points = slice(targets, 2, 5, 5 + 3 * count)
    const none = mul(points, 0)
    // Points as objects have no points of their own.
    const rows = concat([points, ...Array<Value>(count).fill(none)], 1)
    const truth = stopGradient(reshape(assignment.matched(rows), [n, count, 3, cells]))
    const [x, y, v] = [0, 1, 2].map((i) => reshape(slice(truth, 2, i, i + 1), [n, count, cells]))
    const found = decodeKapaoPoints(head.points, head.cells)
    const apart = (a: Value, b: Value) => mul(div(sub(a, b), head.cells.stride), v)
    const [dx, dy] = [apart(found.x, x), apart(found.y, y)]
    const distance = mul(sqrt(add(add(mul(dx, dx), mul(dy, dy)), 1e-9)), v)
    const mean = div(reduceSum(distance, [0, 1, 2]), max(reduceSum(v, [0, 1, 2]), 1))
    const loss_kp = mul(mean, keypoints)
    const loss = add(total, loss_kp)
    return { total: loss, metrics: { ...metrics, loss_kp, loss } }
  })
}

/** [N, M (1 + K), 5]: the objects, then for each point number its small boxes; those of points that are not labelled are padding. */
export function withPointObjects(
  { counts, points, side, cells }: Pick<KapaoHead, 'counts' | 'points' | 'side' | 'cells'>,
  targets: Value,
): Value {
  // prettier-ignore
  const { graph } = cells.x.node
  const labels = counts.length
  return graph.scope('point-objects', () => {
    const part = (from: number, to: number) => slice(targets, 2, from, to)
    const range = graph.constant(Array.from({ length: labels }, (_, c) => c), [1, 1, labels]) // prettier-ignore
    const oneHot = mask(equal(part(0, 1), range))
    // Classes of a label's points follow those of the labels before it.
    const firsts = counts.map((_, c) => labels + counts.slice(0, c).reduce((a, b) => a + b, 0))
    const first = matmul(oneHot, graph.constant(firsts, [labels, 1]))
    const boxes = Array.from({ length: points.shape[1] }, (_, k) => {
      const [x, y, v] = [0, 1, 2].map((i) => part(5 + 3 * k + i, 6 + 3 * k + i))
      const length = mul(v, POINT_BOX * side)
      return concat([add(first, k), x, y, length, length], 2)
    })
    return stopGradient(concat([part(0, 5), ...boxes], 1))
  })
}
