/**
 * KAPAO (McNally et al. 2022, arXiv:2111.08557): poses as objects whose points are told at once, and each point as a small
 * object of a class of its own. Here on YOLOX's anchor-free heads.
 */
import type { Value } from '../../../engine/graph'
import {
  add,
  concat,
  div,
  equal,
  gatherElements,
  greater,
  lessOrEqual,
  mask,
  max,
  min,
  mul,
  reduceMax,
  reduceMin,
  reduceSum,
  relu,
  reshape,
  sigmoid,
  slice,
  sqrt,
  sub,
  topK,
  transpose,
  where,
} from '../../../engine/ops'
import { type Cells, decodeBoxes } from '../yolox/head'
import type { PoseHead } from '../yolox/pose-head'

/** `classes` are those of the labels, then those of the points; `points` has no visibility: [N, K, 2, A]. */
export interface KapaoHead extends PoseHead {
  /** Points of each label: as many classes follow those of the labels, label after label. */
  counts: readonly number[]
  /** Longer side of the picture, px. */
  side: number
}

export const isKapao = (head: PoseHead): head is KapaoHead => 'counts' in head

/** Side of a point's box by the longer side of the picture. */
export const POINT_BOX = 0.05
/** Strides that stand for the anchor, which anchor-free heads have not: points reach twice as far from their cell. */
const ANCHOR = 8
/** Only points of poses with a larger score are replaced. */
const POSE_SCORE = 0.3
/** Of points as objects: score, and overlap of two that are one. */
const POINT_SCORE = 0.2
const POINT_IOU = 0.25
/** Largest distance of what replaces a point, by the longer side: 50 px of the original's 1280. */
const REACH = 50 / 1280
/** Point objects of each class that are looked at. */
const CANDIDATES = 32
/** Suppressions of the suppressed that are taken back. */
const ROUNDS = 4

/** Coordinates in input pixels, each [N, K, A]: (cell + .5 + (4 sigmoid(t) - 2) 8) stride. */
export function decodeKapaoPoints(points: Value, cells: Cells): { x: Value; y: Value } {
  const [n, k, , a] = points.shape
  const place = (i: number, cell: Value) => {
    const told = sigmoid(reshape(slice(points, 2, i, i + 1), [n, k, a]))
    return mul(add(add(mul(sub(mul(told, 4), 2), ANCHOR), cell), 0.5), cells.stride)
  }
  return { x: place(0, cells.x), y: place(1, cells.y) }
}

/**
 * Inference output [N, A, 5 + labels + 3 K] as that of other poses: a detector's numbers, then x, y and score of each point.
 * The points of poses of a score above .3 are replaced by the nearest point object of their class that has a score above .2,
 * survives suppression and is near enough. The score of a point is that of the object which tells it.
 */
export function decodeKapao(head: KapaoHead): Value {
  const { cells, counts } = head
  const labels = counts.length
  const [n, k, , a] = head.points.shape
  const { centre, extent } = decodeBoxes(head.box, cells)
  const objectness = sigmoid(head.objectness)
  const classes = sigmoid(head.classes)
  const labelScores = slice(classes, 1, 0, labels)
  const highest = reduceMax(labelScores, [1], true)
  const scores = mul(objectness, highest)
  let { x, y } = decodeKapaoPoints(head.points, cells)
  let told = add(mul(x, 0), scores)

  let first = labels
  counts.forEach((count, label) => {
    if (count === 0) return
    const seen = pointObjects(mul(objectness, slice(classes, 1, first, first + count)), centre, extent)
    first += count
    // [N, points, cells, candidates].
    const wide = (v: Value) => reshape(v, [n, count, 1, seen.count])
    const tall = (v: Value) => reshape(slice(v, 1, 0, count), [n, count, a, 1])
    const [dx, dy] = [sub(tall(x), wide(seen.x)), sub(tall(y), wide(seen.y))]
    const distance = add(sqrt(add(mul(dx, dx), mul(dy, dy))), wide(mul(sub(1, seen.kept), 1e6)))
    const nearest = reduceMin(distance, [3], true)
    const chosen = mask(lessOrEqual(distance, nearest))
    const share = div(chosen, reduceSum(chosen, [3], true))
    const isNear = reshape(mask(lessOrEqual(nearest, REACH * head.side)), [n, count, a])
    const own = mask(equal(slice(labelScores, 1, label, label + 1), highest))
    const hit = greater(mul(mul(isNear, own), mask(greater(scores, POSE_SCORE))), 0)
    const replace = (v: Value, by: Value) => {
      const nearer = reshape(reduceSum(mul(share, wide(by)), [3], true), [n, count, a])
      const made = where(hit, nearer, slice(v, 1, 0, count))
      return count < k ? concat([made, slice(v, 1, count, k)], 1) : made
    }
    ;[x, y, told] = [replace(x, seen.x), replace(y, seen.y), replace(told, seen.score)]
  })
  const row = (v: Value) => reshape(v, [n, k, 1, a])
  const triples = reshape(concat([row(x), row(y), row(told)], 2), [n, 3 * k, a])
  return transpose(concat([centre, extent, objectness, labelScores, triples], 1), [0, 2, 1])
}

/** The best objects of each class of points, [N, classes, candidates] each; `kept` is 1 for those that count. */
function pointObjects(scores: Value, centre: Value, extent: Value) {
  const [n, classes, a] = scores.shape
  const count = Math.min(CANDIDATES, a)
  const [score, index] = topK(scores, count, 2)
  const pick = (v: Value, i: number) => gatherElements(add(mul(scores, 0), slice(v, 1, i, i + 1)), index, 2)
  const [x, y, w, h] = [pick(centre, 0), pick(centre, 1), pick(extent, 0), pick(extent, 1)]
  const row = (v: Value) => reshape(v, [n, classes, 1, count])
  const column = (v: Value) => reshape(v, [n, classes, count, 1])
  const along = (c: Value, side: Value) => {
    const [low, high] = [sub(c, mul(side, 0.5)), add(c, mul(side, 0.5))]
    return relu(sub(min(row(high), column(high)), max(row(low), column(low))))
  }
  const shared = mul(along(x, w), along(y, h))
  const area = mul(w, h)
  const iou = div(shared, add(sub(add(row(area), column(area)), shared), 1e-9))
  const better = scores.node.graph.constant(
    Array.from({ length: count * count }, (_, i) => (i % count < Math.floor(i / count) ? 1 : 0)),
    [1, 1, count, count],
  )
  // Row j of column i: j is suppressed by the better i, unless i is suppressed itself.
  const over = mul(mask(greater(iou, POINT_IOU)), better)
  const enough = mask(greater(score, POINT_SCORE))
  let kept = enough
  for (let round = 0; round < ROUNDS; round++)
    kept = mul(enough, sub(1, reshape(reduceMax(mul(over, row(kept)), [3], true), [n, classes, count])))
  return { x, y, score, kept, count }
}
