/** Ops that move or select numbers without changing them. */
import { type Op, type Shape, type Value, none, size } from '../graph'

const big = (values: readonly number[]): bigint[] => values.map(BigInt)

const Reshape: Op = {
  name: 'Reshape',
  infer([x], a) {
    const shape = a.shape as Shape
    if (size(shape) !== size(x!.shape))
      throw new Error(`[${x!.shape}] has ${size(x!.shape)} numbers, [${shape}] ${size(shape)}`)
    return [{ shape, dtype: x!.dtype }]
  },
  grad: ({ inputs: [x], gradients: [g] }) => [reshape(g!, x.shape)],
  onnx: { constants: (a) => [big((a.onnx as Shape) ?? (a.shape as Shape))], attrs: () => ({}) },
  examples: [{ inputs: [{ shape: [2, 6] }], attrs: { shape: [3, 4] } }],
}
const Transpose: Op = {
  name: 'Transpose',
  infer: ([x], a) => [{ shape: (a.perm as number[]).map((p) => x!.shape[p]), dtype: x!.dtype }],
  grad({ node, gradients: [g] }) {
    const perm = node.attrs.perm as number[]
    return [
      transpose(
        g!,
        perm.map((_, i) => perm.indexOf(i)),
      ),
    ]
  },
  onnx: { attrs: (a) => ({ perm: { ints: a.perm as number[] } }) },
  examples: [{ inputs: [{ shape: [2, 3, 4] }], attrs: { perm: [2, 0, 1] } }],
}
const Concat: Op = {
  name: 'Concat',
  infer(inputs, a) {
    const axis = a.axis as number
    const shape = [...inputs[0]!.shape]
    for (const t of inputs.slice(1)) {
      t!.shape.forEach((d, i) => {
        if (i !== axis && d !== shape[i]) throw new Error(`axis ${i} differs: ${d} and ${shape[i]}`)
      })
      shape[axis] += t!.shape[axis]
    }
    return [{ shape, dtype: inputs[0]!.dtype }]
  },
  grad({ node, inputs, gradients: [g] }) {
    const axis = node.attrs.axis as number
    return split(
      g!,
      inputs.map((v) => v.shape[axis]),
      axis,
    ) as Value[]
  },
  onnx: { attrs: (a) => ({ axis: { i: a.axis as number } }) },
  examples: [{ inputs: [{ shape: [2, 3] }, { shape: [2, 1] }], attrs: { axis: 1 } }],
}
const Split: Op = {
  name: 'Split',
  infer([x], a) {
    const axis = a.axis as number
    const sizes = a.sizes as number[]
    if (sizes.reduce((s, n) => s + n, 0) !== x!.shape[axis])
      throw new Error(`parts ${sizes} do not add up to ${x!.shape[axis]}`)
    return sizes.map((n) => ({ shape: x!.shape.map((d, i) => (i === axis ? n : d)), dtype: x!.dtype }))
  },
  grad({ node, outputs, gradients }) {
    const parts = gradients.map((g, i) => g ?? zeros(node.graph, outputs[i].shape))
    return [concat(parts, node.attrs.axis as number)]
  },
  onnx: { attrs: (a) => ({ axis: { i: a.axis as number } }), constants: (a) => [big(a.sizes as number[])] },
  examples: [{ inputs: [{ shape: [2, 5] }], attrs: { axis: 1, sizes: [2, 3] } }],
}
/** Slice of one axis; `step` above 1 is used by lowerings only and has no gradient. */
const Slice: Op = {
  name: 'Slice',
  infer([x], a) {
    const { axis, start, end, step = 1 } = a as { axis: number; start: number; end: number; step?: number }
    if (start < 0 || end > x!.shape[axis] || start >= end)
      throw new Error(`${start}..${end} is outside 0..${x!.shape[axis]}`)
    return [{ shape: x!.shape.map((d, i) => (i === axis ? Math.ceil((end - start) / step) : d)), dtype: x!.dtype }]
  },
  grad({ node, inputs: [x], gradients: [g] }) {
    if (node.attrs.step) throw new Error('a strided slice has no gradient')
    const { axis, start, end } = node.attrs as { axis: number; start: number; end: number }
    const before = x.shape.map((_, i) => (i === axis ? start : 0))
    const after = x.shape.map((d, i) => (i === axis ? d - end : 0))
    return [pad(g!, before, after)]
  },
  onnx: {
    attrs: () => ({}),
    constants: (a) => [a.start, a.end, a.axis, ...(a.step ? [a.step] : [])].map((n) => [BigInt(n as number)]),
  },
  examples: [{ inputs: [{ shape: [2, 5] }], attrs: { axis: 1, start: 1, end: 4 } }],
}
const Pad: Op = {
  name: 'Pad',
  infer([x], a) {
    const { before, after } = a as { before: number[]; after: number[] }
    return [{ shape: x!.shape.map((d, i) => d + before[i] + after[i]), dtype: x!.dtype }]
  },
  grad({ node, inputs: [x], gradients: [g] }) {
    const { before } = node.attrs as { before: number[] }
    return [before.reduce((v, b, axis) => slice(v, axis, b, b + x.shape[axis]), g!)]
  },
  onnx: {
    attrs: () => ({}),
    constants: (a) => [
      big([...(a.before as number[]), ...(a.after as number[])]),
      ...(a.value ? [[a.value as number]] : []),
    ],
  },
  examples: [{ inputs: [{ shape: [2, 3] }], attrs: { before: [0, 1], after: [1, 2] } }],
}
const Expand: Op = {
  name: 'Expand',
  infer: ([x], a) => [{ shape: a.shape as Shape, dtype: x!.dtype }],
  // The gradient is un-broadcast by grad.ts.
  grad: ({ gradients: [g] }) => [g],
  onnx: { attrs: () => ({}), constants: (a) => [big(a.shape as number[])] },
  examples: [{ inputs: [{ shape: [2, 1] }], attrs: { shape: [2, 3] } }],
}
/** The value with its gradient cut. Disappears when ONNX is written. */
const StopGradient: Op = {
  name: 'Identity',
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  grad: none('gradient is stopped here'),
  onnx: {},
  examples: [{ inputs: [{ shape: [2, 3] }] }],
}

/** @param onnx the shape written to the file when it differs: 0 copies a dimension, -1 infers one (see SymbolicDim). */
export const reshape = (x: Value, shape: Shape, onnx?: Shape): Value =>
  x.node.graph.apply(Reshape, [x], onnx ? { shape, onnx } : { shape })[0]
export const transpose = (x: Value, perm: readonly number[]): Value =>
  perm.every((p, i) => p === i) ? x : x.node.graph.apply(Transpose, [x], { perm })[0]
export const concat = (xs: readonly Value[], axis: number): Value =>
  xs.length === 1 ? xs[0] : xs[0].node.graph.apply(Concat, xs, { axis })[0]
export const split = (x: Value, sizes: readonly number[], axis: number): readonly Value[] =>
  sizes.length === 1 ? [x] : x.node.graph.apply(Split, [x], { axis, sizes })
export const slice = (x: Value, axis: number, start: number, end: number): Value =>
  start === 0 && end === x.shape[axis] ? x : x.node.graph.apply(Slice, [x], { axis, start, end })[0]
/** Every `step`-th entry of an axis, `count` of them. For lowerings. */
export const stridedSlice = (x: Value, axis: number, start: number, count: number, step: number): Value =>
  step === 1
    ? slice(x, axis, start, start + count)
    : x.node.graph.apply(Slice, [x], { axis, start, end: start + (count - 1) * step + 1, step })[0]
export const pad = (x: Value, before: readonly number[], after: readonly number[], value = 0): Value =>
  [...before, ...after].every((p) => p === 0)
    ? x
    : x.node.graph.apply(Pad, [x], value ? { before, after, value } : { before, after })[0]
export const expand = (x: Value, shape: Shape): Value => x.node.graph.apply(Expand, [x], { shape })[0]
export const stopGradient = (x: Value): Value => x.node.graph.apply(StopGradient, [x])[0]
export const zeros = (graph: Value['node']['graph'], shape: Shape): Value => expand(graph.scalar(0), shape)

export const shapeOps = { Reshape, Transpose, Concat, Split, Slice, Pad, Expand, Identity: StopGradient }
