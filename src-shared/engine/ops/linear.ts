/** Contractions and reductions. */
import { type Op, type Shape, type Value, none } from '../graph'
import { broadcast, div, equal, mask, mul, sub } from './elementwise'
import { expand, reshape, transpose } from './shape'

const MatMul: Op = {
  name: 'MatMul',
  infer([a, b]) {
    const [m, k] = a!.shape.slice(-2)
    const [k2, n] = b!.shape.slice(-2)
    if (a!.shape.length < 2 || b!.shape.length < 2 || k !== k2) throw new Error(`inner sizes ${k} and ${k2} differ`)
    return [{ shape: [...broadcast(a!.shape.slice(0, -2), b!.shape.slice(0, -2)), m, n], dtype: a!.dtype }]
  },
  grad: ({ inputs: [a, b], gradients: [g] }) => [matmul(g!, swapLast(b)), matmul(swapLast(a), g!)],
  onnx: {},
  examples: [{ inputs: [{ shape: [2, 3] }, { shape: [3, 4] }] }, { inputs: [{ shape: [2, 2, 3] }, { shape: [3, 4] }] }],
}
const swapLast = (x: Value): Value => {
  const r = x.shape.length
  return transpose(x, [...Array(r - 2).keys(), r - 1, r - 2])
}

interface ReduceAttrs {
  axes: number[]
  keep: boolean
}
const reducedShape = (shape: Shape, { axes, keep }: ReduceAttrs): Shape =>
  keep ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i))
const keptShape = (shape: Shape, axes: number[]): Shape => shape.map((d, i) => (axes.includes(i) ? 1 : d))

const reduce = (name: string, grad: Op['grad'], axesAsInput = false): Op => ({
  name,
  infer: ([x], a) => [{ shape: reducedShape(x!.shape, a as unknown as ReduceAttrs), dtype: x!.dtype }],
  grad,
  onnx: axesAsInput
    ? { attrs: (a) => ({ keepdims: { i: a.keep ? 1 : 0 } }), constants: (a) => [(a.axes as number[]).map(BigInt)] }
    : { attrs: (a) => ({ keepdims: { i: a.keep ? 1 : 0 }, axes: { ints: a.axes as number[] } }) },
  examples: [
    { inputs: [{ shape: [2, 3, 4] }], attrs: { axes: [1], keep: true } },
    { inputs: [{ shape: [2, 3, 4] }], attrs: { axes: [0, 2], keep: false } },
  ],
})
const spread = (node: Value['node'], g: Value): Value => {
  const x = node.inputs[0]!
  return expand(reshape(g, keptShape(x.shape, node.attrs.axes as number[])), x.shape)
}
const count = (node: Value['node']): number =>
  (node.attrs.axes as number[]).reduce((n, a) => n * node.inputs[0]!.shape[a], 1)
const extremum: Op['grad'] = ({ node, inputs: [x], outputs: [y], gradients: [g] }) => {
  // Ties share the gradient equally.
  const at = mask(equal(x, reshape(y, keptShape(x.shape, node.attrs.axes as number[]))))
  return [mul(spread(node, g!), div(at, reduceSum(at, node.attrs.axes as number[], true)))]
}
const ReduceSum = reduce('ReduceSum', ({ node, gradients: [g] }) => [spread(node, g!)], true)
const ReduceMean = reduce('ReduceMean', ({ node, gradients: [g] }) => [mul(spread(node, g!), 1 / count(node))])
const ReduceSumSquare = reduce('ReduceSumSquare', ({ node, inputs: [x], gradients: [g] }) => [
  mul(mul(spread(node, g!), x), 2),
])
const ReduceMax = reduce('ReduceMax', extremum)
const ReduceMin = reduce('ReduceMin', extremum)
const Softmax: Op = {
  name: 'Softmax',
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  grad({ node, outputs: [y], gradients: [g] }) {
    return [mul(y, sub(g!, reduceSum(mul(g!, y), [node.attrs.axis as number], true)))]
  },
  onnx: { attrs: (a) => ({ axis: { i: a.axis as number } }) },
  examples: [{ inputs: [{ shape: [3, 5] }], attrs: { axis: 1 } }],
}
/** Contrib op: MatMul with transposed operands and a factor; CPU and CUDA only, so only lowerings emit it. */
const FusedMatMul: Op = {
  name: 'FusedMatMul',
  infer([a, b], at) {
    const t = (s: Shape, flag: unknown) => (flag ? [...s.slice(0, -2), s[s.length - 1], s[s.length - 2]] : s)
    return MatMul.infer(
      [
        { ...a!, shape: t(a!.shape, at.transA) },
        { ...b!, shape: t(b!.shape, at.transB) },
      ],
      {},
    )
  },
  grad: none('emitted by lowerings only'),
  onnx: {
    domain: 'com.microsoft',
    attrs: (a) => ({ transA: { i: a.transA ? 1 : 0 }, transB: { i: a.transB ? 1 : 0 } }),
  },
  examples: [{ inputs: [{ shape: [3, 2] }, { shape: [3, 4] }], attrs: { transA: true } }],
}

const reducer =
  (o: Op) =>
  (x: Value, axes: readonly number[], keep = false): Value =>
    x.node.graph.apply(o, [x], { axes, keep })[0]
export const matmul = (a: Value, b: Value): Value => a.node.graph.apply(MatMul, [a, b])[0]
export const fusedMatMul = (a: Value, b: Value, at: { transA?: boolean; transB?: boolean }): Value =>
  a.node.graph.apply(FusedMatMul, [a, b], at)[0]
export const reduceSum = reducer(ReduceSum)
export const reduceMean = reducer(ReduceMean)
export const reduceSumSquare = reducer(ReduceSumSquare)
export const reduceMax = reducer(ReduceMax)
export const reduceMin = reducer(ReduceMin)
export const softmax = (x: Value, axis: number): Value => x.node.graph.apply(Softmax, [x], { axis })[0]

export const linearOps = { MatMul, FusedMatMul, ReduceSum, ReduceMean, ReduceSumSquare, ReduceMax, ReduceMin, Softmax }
