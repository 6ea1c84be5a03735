/** The YOLOX loss (Ge et al. 2021): 5 IoU + objectness BCE + class BCE (+ L1 late), over the number of positives. */
import type { Value } from '../../engine/graph'
import {
  abs,
  add,
  bceWithLogits,
  concat,
  div,
  equal,
  log,
  mask,
  max,
  min,
  mul,
  reduceSum,
  relu,
  slice,
  stopGradient,
  sub,
} from '../../engine/ops'
import { type Assignment, assignSimOta } from '../assigners/simota'
import { type DenseHead, decodeBoxes } from '../models/yolox/head'

export interface YoloxLossOptions {
  iou: 'iou' | 'giou'
}

export interface YoloxLoss {
  total: Value
  /** Weighted parts as reported: loss_box includes its factor 5; positives is the mean number per ground truth. */
  metrics: Record<string, Value>
  /** Which cell learns which ground truth. */
  assignment: Assignment
  /** Classes of the ground truths: [N, M, classes]. */
  oneHot: Value
}

/**
 * @param targets [N, M, 5] rows (class, cx, cy, w, h) in input pixels; rows of zeros are padding.
 * @param useL1 scalar, 1 adds the L1 term on raw outputs.
 */
export function yoloxLoss(head: DenseHead, targets: Value, useL1: Value, { iou: mode }: YoloxLossOptions): YoloxLoss {
  const graph = targets.node.graph
  return graph.scope('loss', () => {
    const count = head.classes.shape[1]
    const range = graph.constant(
      Array.from({ length: count }, (_, i) => i),
      [1, 1, count],
    )
    const extents = mul(slice(targets, 2, 3, 4), slice(targets, 2, 4, 5))
    const real = min(mul(extents, 1e30), 1)
    const oneHot = mul(mask(equal(slice(targets, 2, 0, 1), range)), real)
    const assignment = assignSimOta(head, targets, oneHot)
    const { positive, box, classes } = assignment
    const all = [0, 1, 2]
    const positives = max(reduceSum(positive, all), 1)
    const { centre, extent } = decodeBoxes(head.box, head.cells)
    const target = stopGradient(box)
    const overlap = boxLossOf(centre, extent, slice(target, 1, 0, 2), slice(target, 1, 2, 4), mode)
    const boxLoss = div(mul(reduceSum(mul(overlap, positive), all), 5), positives)
    const objectness = div(reduceSum(bceWithLogits(head.objectness, stopGradient(positive)), all), positives)
    const classLoss = div(reduceSum(mul(bceWithLogits(head.classes, stopGradient(classes)), positive), all), positives)
    const l1Error = mul(abs(sub(head.box, l1Target(head, target, positive))), positive)
    const l1 = div(mul(reduceSum(l1Error, all), useL1), positives)
    const total = add(add(boxLoss, objectness), add(classLoss, l1))
    const truths = max(reduceSum(real, all), 1)
    return {
      total,
      metrics: {
        loss: total,
        loss_box: boxLoss,
        loss_obj: objectness,
        loss_cls: classLoss,
        loss_l1: l1,
        positives: div(reduceSum(positive, all), truths),
      },
      assignment,
      oneHot,
    }
  })
}

/** 1 - IoU^2, or 1 - GIoU: [N, 1, A]. */
function boxLossOf(
  centre: Value,
  extent: Value,
  targetCentre: Value,
  targetExtent: Value,
  mode: 'iou' | 'giou',
): Value {
  const half = mul(extent, 0.5)
  const targetHalf = mul(targetExtent, 0.5)
  const low = max(sub(centre, half), sub(targetCentre, targetHalf))
  const high = min(add(centre, half), add(targetCentre, targetHalf))
  const side = relu(sub(high, low))
  const product = (v: Value) => mul(slice(v, 1, 0, 1), slice(v, 1, 1, 2))
  const intersection = product(side)
  const union = sub(add(product(extent), product(targetExtent)), intersection)
  const iou = div(intersection, add(union, 1e-16))
  if (mode === 'iou') return sub(1, mul(iou, iou))
  const outerHigh = max(add(centre, half), add(targetCentre, targetHalf))
  const outerLow = min(sub(centre, half), sub(targetCentre, targetHalf))
  const hull = product(sub(outerHigh, outerLow))
  return sub(1, max(min(sub(iou, div(sub(hull, union), max(hull, 1e-16))), 1), -1))
}

/** Raw outputs that would decode to the matched box; zero elsewhere. */
function l1Target({ cells }: DenseHead, target: Value, positive: Value): Value {
  const offset = concat([cells.x, cells.y], 1)
  const position = sub(div(slice(target, 1, 0, 2), cells.stride), offset)
  const size = log(add(div(slice(target, 1, 2, 4), cells.stride), 1e-8))
  return stopGradient(mul(concat([position, size], 1), positive))
}
