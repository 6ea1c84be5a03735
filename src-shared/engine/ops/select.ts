/**
 * Ops that choose and place by computed indices: the end of an inference graph. No gradients, no macros, and no entry in
 * the table of training ops; ONNX Runtime's results are compared with the product's own suppression.
 */
import { type Op, type Value, none } from '../graph'

const inference = none('only used after a detector')

/** Position of the largest entry of an axis, the first of equal ones: int64. */
const ArgMax: Op = {
  name: 'ArgMax',
  infer: ([x], a) => [{ shape: x!.shape.filter((_, i) => i !== a.axis), dtype: 'int64' }],
  grad: inference,
  onnx: { attrs: (a) => ({ axis: { i: a.axis as number }, keepdims: { i: 0 } }) },
  examples: [],
}
/** x [d0, d1, ...] at rows of indices [n, k] into its first k dimensions: [n, ...]. */
const GatherNd: Op = {
  name: 'GatherND',
  infer: ([x, i]) => [{ shape: [i!.shape[0], ...x!.shape.slice(i!.shape[1])], dtype: x!.dtype }],
  grad: inference,
  onnx: {},
  examples: [],
}
/** The data with updates [n, ...] put at rows of indices [n, k]. */
const ScatterNd: Op = {
  name: 'ScatterND',
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  grad: inference,
  onnx: {},
  examples: [],
}
/**
 * (boxes [B, A, 4] as two corners, scores [B, C, A]) -> rows (batch, class, box), int64. How many rows is known only when it
 * runs; `rows` stands in while shapes are inferred. A box goes when its IoU with a better one of its class is larger than
 * `iou`; equal scores keep the lower box first.
 */
const NonMaxSuppression: Op = {
  name: 'NonMaxSuppression',
  infer([boxes, scores], a) {
    const [b, n, four] = boxes!.shape
    if (four !== 4 || scores!.shape[0] !== b || scores!.shape[2] !== n)
      throw new Error(`boxes [${boxes!.shape}] and scores [${scores!.shape}] do not fit`)
    return [{ shape: [a.rows as number, 3], dtype: 'int64' }]
  },
  grad: inference,
  onnx: {
    attrs: () => ({ center_point_box: { i: 0 } }),
    constants: (a) => [[BigInt(a.perClass as number)], [a.iou as number], [a.minScore as number]],
  },
  examples: [],
}

export const argMax = (x: Value, axis: number): Value => x.node.graph.apply(ArgMax, [x], { axis })[0]
export const gatherNd = (x: Value, indices: Value): Value => x.node.graph.apply(GatherNd, [x, indices])[0]
export const scatterNd = (x: Value, indices: Value, updates: Value): Value =>
  x.node.graph.apply(ScatterNd, [x, indices, updates])[0]
export const nonMaxSuppression = (
  boxes: Value,
  scores: Value,
  at: { perClass: number; iou: number; minScore: number; rows: number },
): Value => boxes.node.graph.apply(NonMaxSuppression, [boxes, scores], at)[0]
