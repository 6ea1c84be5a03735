/**
 * SimOTA label assignment (Ge et al. 2021, arXiv:2107.08430) inside the graph: dense masks, no gradient, no scatter.
 * All tensors are [N, M, A] or broadcast to it: N images, M ground truths (open dimension), A cells.
 */
import type { Value } from '../../engine/graph'
import {
  abs,
  add,
  div,
  equal,
  floor,
  greater,
  lessOrEqual,
  log,
  mask,
  matmul,
  max,
  min,
  mul,
  neg,
  reduceMax,
  reduceMin,
  reduceSum,
  relu,
  sigmoid,
  slice,
  sqrt,
  stopGradient,
  sub,
  topK,
  transpose,
  where,
} from '../../engine/ops'
import { type DenseHead, decodeBoxes } from '../models/yolox/head'

/** Half side of the square around a ground truth's centre in which cells may be chosen, in strides. */
const CENTRE_RADIUS = 1.5
const IOU_WEIGHT = 3
const OUTSIDE_PENALTY = 1e6
const MAX_CANDIDATES = 10
/** Just above the smallest normal float32: GPUs leave the logarithm of smaller numbers undefined. */
const TINY = 1.2e-38

export interface Assignment {
  /** 1 where a cell is positive: [N, 1, A]. */
  positive: Value
  /** Matched box (cx, cy, w, h) in input pixels, zero elsewhere: [N, 4, A]. */
  box: Value
  /** One-hot class times IoU with the matched box: [N, classes, A]. */
  classes: Value
  /** Numbers of the ground truths [N, M, Q] as those of the cells matched with them, zero elsewhere: [N, Q, A]. */
  matched(rows: Value): Value
}

/**
 * @param targets [N, M, 5] rows (class, cx, cy, w, h) in input pixels; rows of zeros are padding.
 * @param oneHot the classes of the targets: [N, M, classes].
 */
export function assignSimOta(head: DenseHead, targets: Value, oneHot: Value): Assignment {
  const graph = targets.node.graph
  return graph.scope('simota', () => {
    const { cells } = head
    const { centre, extent } = decodeBoxes(stopGradient(head.box), cells)
    const row = (v: Value, i: number) => slice(v, 1, i, i + 1)
    const column = (i: number) => slice(targets, 2, i, i + 1)
    const [gx, gy, gw, gh] = [1, 2, 3, 4].map(column)
    const valid = mask(greater(mul(gw, gh), 0))

    const edges = (c: Value, side: Value) => {
      const half = mul(side, 0.5)
      return [sub(c, half), add(c, half)] as const
    }
    const overlap = (i: 0 | 1, g: Value, side: Value) => {
      const [p1, p2] = edges(row(centre, i), row(extent, i))
      const [g1, g2] = edges(g, side)
      return relu(sub(min(p2, g2), max(p1, g1)))
    }
    const intersection = mul(overlap(0, gx, gw), overlap(1, gy, gh))
    const areas = add(mul(row(extent, 0), row(extent, 1)), mul(gw, gh))
    const near = (cell: Value, g: Value) => {
      const middle = mul(add(cell, 0.5), cells.stride)
      return sub(mul(cells.stride, CENTRE_RADIUS), abs(sub(middle, g)))
    }
    const own = mul(mask(greater(min(near(cells.x, gx), near(cells.y, gy)), 0)), valid)
    const candidate = reduceMax(own, [1], true)
    const iou = mul(div(intersection, add(sub(areas, intersection), 1e-8)), mul(candidate, valid))

    // Class cost without a tensor [M, A, classes]: the sum over classes of -log(1 - p), plus the target's own term.
    const p = sqrt(mul(sigmoid(stopGradient(head.classes)), sigmoid(stopGradient(head.objectness))))
    const logP = log(max(p, TINY))
    const logNot = log(max(sub(1, p), TINY))
    const others = reduceSum(logNot, [1], true)
    const classCost = neg(add(matmul(oneHot, sub(logP, logNot)), others))
    const iouCost = mul(log(add(iou, 1e-8)), -IOU_WEIGHT)
    const barred = mul(sub(1, mul(candidate, valid)), 1e9)
    const cost = add(add(classCost, iouCost), add(mul(sub(1, own), OUTSIDE_PENALTY), barred))

    const k = Math.min(MAX_CANDIDATES, cells.count)
    const best = topK(iou, k, 2)[0]
    const dynamicK = min(max(floor(reduceSum(best, [2], true)), 1), k)
    const cheapest = topK(cost, k, 2, false)[0]
    // Picked by a mask, not by an index: a NaN must reach the loss and be told there, not crash a gather.
    const rank = graph.constant(
      Array.from({ length: k }, (_, i) => i + 1),
      [1, 1, k],
    )
    const limit = reduceSum(where(equal(dynamicK, rank), cheapest, 0), [2], true)
    const chosen = mul(mask(lessOrEqual(cost, limit)), mul(candidate, valid))
    const claims = reduceSum(chosen, [1], true)
    const cheapestOwner = mask(lessOrEqual(cost, reduceMin(cost, [1], true)))
    const match = where(greater(claims, 1.5), mul(cheapestOwner, valid), chosen)
    // Identical ground truths tie for the same cell: the mean of equal targets is the target.
    const owners = reduceSum(match, [1], true)
    const share = div(match, max(owners, 1))
    const rows = (v: Value) => matmul(transpose(v, [0, 2, 1]), share)
    const matchedIou = reduceSum(mul(share, iou), [1], true)
    return {
      positive: min(owners, 1),
      box: rows(slice(targets, 2, 1, 5)),
      classes: mul(rows(oneHot), matchedIou),
      matched: rows,
    }
  })
}
