/** Ops that select by computed indices. */
import { type Op, type Value, none, size } from '../graph'
import { cast, equal, mask } from './elementwise'
import { matmul } from './linear'
import { reshape } from './shape'

/** Rows of `x` along `axis` by an int32 or int64 index vector or tensor. */
const Gather: Op = {
  name: 'Gather',
  infer([x, i], a) {
    const axis = a.axis as number
    return [{ shape: [...x!.shape.slice(0, axis), ...i!.shape, ...x!.shape.slice(axis + 1)], dtype: x!.dtype }]
  },
  grad({ node, inputs: [x, i], gradients: [g] }) {
    // One-hot MatMul instead of a scatter: deterministic on every provider.
    const axis = node.attrs.axis as number
    if (axis !== 0) throw new Error('the gradient of Gather is written for axis 0')
    const rows = x.shape[0]
    const range = node.graph.constant(
      Array.from({ length: rows }, (_, r) => r),
      [rows, 1],
      'int32',
    )
    const hot = mask(equal(range, reshape(cast(i, 'int32'), [1, size(i.shape)])))
    const inner = size(x.shape.slice(1))
    return [reshape(matmul(hot, reshape(g!, [size(i.shape), inner])), x.shape), null]
  },
  onnx: { attrs: (a) => ({ axis: { i: a.axis as number } }) },
  examples: [
    { inputs: [{ shape: [4, 3] }, { shape: [5], dtype: 'int32', low: 0, high: 3 }], attrs: { axis: 0 } },
    { inputs: [{ shape: [4, 3, 2] }, { shape: [2, 2], dtype: 'int32', low: 0, high: 3 }], attrs: { axis: 0 } },
  ],
}
const GatherElements: Op = {
  name: 'GatherElements',
  infer: ([x, i]) => [{ shape: i!.shape, dtype: x!.dtype }],
  grad: none('only used where no gradient flows'),
  onnx: { attrs: (a) => ({ axis: { i: a.axis as number } }) },
  examples: [
    { inputs: [{ shape: [2, 3, 5] }, { shape: [2, 3, 2], dtype: 'int32', low: 0, high: 4 }], attrs: { axis: 2 } },
  ],
}
const TopK: Op = {
  name: 'TopK',
  infer([x], a) {
    const axis = a.axis as number
    const shape = x!.shape.map((d, i) => (i === axis ? (a.k as number) : d))
    return [
      { shape, dtype: x!.dtype },
      { shape, dtype: 'int64' },
    ]
  },
  grad: none('only used where no gradient flows'),
  onnx: {
    attrs: (a) => ({ axis: { i: a.axis as number }, largest: { i: a.largest ? 1 : 0 }, sorted: { i: 1 } }),
    constants: (a) => [[BigInt(a.k as number)]],
  },
  examples: [
    { inputs: [{ shape: [2, 7] }], attrs: { axis: 1, k: 3, largest: true } },
    { inputs: [{ shape: [2, 3, 6] }], attrs: { axis: 2, k: 2, largest: false } },
  ],
}
export const gather = (x: Value, index: Value, axis = 0): Value => x.node.graph.apply(Gather, [x, index], { axis })[0]
export const gatherElements = (x: Value, index: Value, axis: number): Value =>
  x.node.graph.apply(GatherElements, [x, index], { axis })[0]
/** Values and int64 indices of the k largest (or smallest) along an axis, sorted. */
export const topK = (x: Value, k: number, axis: number, largest = true): readonly Value[] =>
  x.node.graph.apply(TopK, [x], { axis, k, largest })

export const gatherOps = { Gather, GatherElements, TopK }
