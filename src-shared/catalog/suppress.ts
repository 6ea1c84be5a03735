/** Suppression of overlapping boxes inside a graph, with the results of evaluation/nms. */
import type { Value } from '../engine/graph'
import {
  add,
  argMax,
  cast,
  concat,
  equal,
  gather,
  gatherElements,
  gatherNd,
  greater,
  mask,
  mul,
  nonMaxSuppression,
  pad,
  reduceMax,
  reshape,
  scatterNd,
  slice,
  sub,
  topK,
  where,
} from '../engine/ops'

export interface SuppressOptions {
  /** Scores must be larger. */
  conf: number
  /** A box with a larger IoU with a better one of its class goes. */
  iou: number
  /** Rows of the output per image. */
  maxDet: number
  /** Points behind the classes, of x, y and visibility; default none. */
  points?: number
}

/** Stands in for the number of kept boxes, known only when the graph runs, while shapes are inferred. */
const UNKNOWN = 7

/**
 * @param decoded [N, A, 5 + C + 3 K]: cx, cy, w, h, objectness, class probabilities, points.
 * @returns [N, maxDet, 6 + 3 K]: x1, y1, x2, y2, score, class, points; best first, rows of zeros at the end. The score of a box is
 *   objectness times its best class probability, and that class (the first of equal ones) is its class. `open` lists
 *   the values whose first dimension is the number of kept boxes.
 */
export function suppress(
  decoded: Value,
  { conf, iou, maxDet, points = 0 }: SuppressOptions,
): { rows: Value; open: Value[] } {
  const graph = decoded.node.graph
  return graph.scope('nms', () => {
    const [batch, count, width] = decoded.shape
    const classes = width - 5 - 3 * points
    const part = (from: number, to: number) => slice(decoded, 2, from, to)
    const column = (v: Value) => reshape(v, [batch, count, 1])
    const half = mul(part(2, 4), 0.5)
    const corners = concat([sub(part(0, 2), half), add(part(0, 2), half)], 2)
    const probabilities = part(5, 5 + classes)
    const score = mul(reduceMax(probabilities, [2], false), reshape(part(4, 5), [batch, count]))
    const label = cast(argMax(probabilities, 2), 'float32')
    const numbers = graph.constant(
      Array.from({ length: classes }, (_, i) => i),
      [1, classes, 1],
    )
    const row = (v: Value) => reshape(v, [batch, 1, count])
    // A box takes part in its own class only; elsewhere its score is 0, which is never larger than `conf`.
    const perClass = mul(mask(equal(row(label), numbers)), row(score))
    const kept = nonMaxSuppression(corners, perClass, { perClass: maxDet, iou, minScore: conf, rows: UNKNOWN })
    // (image, box) of each kept box; its class follows from the box.
    const address = gather(kept, graph.constant([0, 2], [2], 'int32'), 1)
    const scores = gatherNd(score, address)
    // Kept scores at the places of their boxes: equal scores then come out in the order of the boxes.
    const dense = scatterNd(mul(score, 0), address, scores)
    const k = Math.min(maxDet, count)
    const [best, index] = topK(dense, k, 1)
    const places = reshape(index, [batch, k, 1])
    const told = points > 0 ? [part(5 + classes, width)] : []
    const all = concat([corners, column(score), column(label), ...told], 2)
    const chosen = gatherElements(all, concat(Array<Value>(6 + 3 * points).fill(places), 2), 1)
    const rows = where(greater(reshape(best, [batch, k, 1]), 0), chosen, 0)
    return { rows: pad(rows, [0, 0, 0], [0, maxDet - k, 0]), open: [kept, address, scores] }
  })
}
