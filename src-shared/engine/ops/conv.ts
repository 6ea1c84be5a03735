/**
 * 2-D convolution and its two gradients. Layout NCHW, weights [Co, Ci/groups, kh, kw], cross-correlation as in ONNX.
 * The gradients are macros: each provider has its own fastest formulation (lower/).
 */
import { type Op, type Shape, type Value, none } from '../graph'
import { add } from './elementwise'
import { gather } from './gather'
import { matmul, reduceSum } from './linear'
import { concat, pad, reshape, stridedSlice, transpose } from './shape'

export interface ConvAttrs {
  strides: [number, number]
  /** top, left, bottom, right */
  pads: [number, number, number, number]
  dilations: [number, number]
  group: number
}
export const convAttrs = (a: object): ConvAttrs => a as ConvAttrs

export function convOutput(x: Shape, kernel: Shape, { strides, pads, dilations }: ConvAttrs): [number, number] {
  const side = (i: 0 | 1) =>
    Math.floor((x[2 + i] + pads[i] + pads[2 + i] - dilations[i] * (kernel[i] - 1) - 1) / strides[i]) + 1
  return [side(0), side(1)]
}

const ints = (values: readonly number[]) => ({ ints: values })
const onnxConvAttrs = (a: object, kernel: Shape) => {
  const { strides, pads, dilations, group } = convAttrs(a)
  return {
    strides: ints(strides),
    pads: ints(pads),
    dilations: ints(dilations),
    group: { i: group },
    kernel_shape: ints(kernel),
  }
}
const example = (
  n: number,
  ci: number,
  co: number,
  k: number,
  side: number,
  stride: number,
  group = 1,
  dilation = 1,
) => {
  const p = (dilation * (k - 1)) / 2
  const attrs: ConvAttrs = { strides: [stride, stride], pads: [p, p, p, p], dilations: [dilation, dilation], group }
  return { x: [n, ci, side, side], w: [co, ci / group, k, k], y: [n, co, side / stride, side / stride], attrs }
}
const cases = [
  example(2, 3, 4, 3, 6, 1),
  example(2, 4, 2, 1, 4, 1),
  example(1, 2, 4, 3, 6, 2),
  example(2, 4, 4, 3, 6, 1, 4),
  example(1, 4, 4, 5, 8, 2, 4),
  example(1, 4, 6, 3, 6, 1, 2),
  example(1, 2, 3, 3, 8, 1, 1, 2),
]

export const Conv: Op = {
  name: 'Conv',
  infer([x, w], a) {
    const { group } = convAttrs(a)
    if (x!.shape[1] !== w!.shape[1] * group)
      throw new Error(`${x!.shape[1]} channels do not fit weights [${w!.shape}] in ${group} groups`)
    return [
      { shape: [x!.shape[0], w!.shape[0], ...convOutput(x!.shape, w!.shape.slice(2), convAttrs(a))], dtype: x!.dtype },
    ]
  },
  grad({ node, inputs: [x, w, b], gradients: [g] }) {
    const dx = node.graph.apply(ConvInputGrad, [g!, w], { ...node.attrs, x: x.shape })[0]
    const dw = node.graph.apply(ConvWeightGrad, [x, g!, w], node.attrs)[0]
    return b ? [dx, dw, reduceSum(g!, [0, 2, 3])] : [dx, dw]
  },
  onnx: { attrs: (a, node) => onnxConvAttrs(a, node.inputs[1]!.shape.slice(2)) },
  examples: [
    ...cases.map(({ x, w, attrs }) => ({ inputs: [{ shape: x }, { shape: w }], attrs: { ...attrs } })),
    { inputs: [{ shape: [1, 2, 4, 4] }, { shape: [3, 2, 3, 3] }, { shape: [3] }], attrs: { ...cases[0].attrs } },
  ],
}

/**
 * Transposed convolution: weights [Ci, Co/groups, kh, kw], the input gradient of a convolution. Its own input gradient is
 * that convolution.
 */
export const ConvTranspose: Op = {
  name: 'ConvTranspose',
  infer([x, w], a) {
    const { strides, pads, dilations, group } = convAttrs(a)
    const extra = a.outputPadding as [number, number]
    const side = (i: 0 | 1) =>
      (x!.shape[2 + i] - 1) * strides[i] + extra[i] + dilations[i] * (w!.shape[2 + i] - 1) + 1 - pads[i] - pads[2 + i]
    return [{ shape: [x!.shape[0], w!.shape[1] * group, side(0), side(1)], dtype: x!.dtype }]
  },
  grad({ node, inputs: [x, w], gradients: [g] }) {
    const { strides, pads, dilations, group } = convAttrs(node.attrs)
    const attrs = { strides, pads, dilations, group }
    return [conv(g!, w, attrs), node.graph.apply(ConvWeightGrad, [g!, x, w], attrs)[0]]
  },
  onnx: {
    attrs: (a, node) => ({
      ...onnxConvAttrs(a, node.inputs[1]!.shape.slice(2)),
      output_padding: ints(a.outputPadding as number[]),
    }),
  },
  examples: cases
    .filter(({ attrs }) => attrs.strides[0] > 1)
    .map(({ x, w, y, attrs }) => ({
      inputs: [{ shape: y }, { shape: w }],
      attrs: { ...attrs, outputPadding: [x[2] % 2 ? 0 : 1, x[3] % 2 ? 0 : 1] },
    })),
}

/** dX from (dY, W[, sum]); attrs: those of the Conv and `x`, the input's shape. An optional third input is added. */
export const ConvInputGrad: Op = {
  name: 'ConvInputGrad',
  infer: ([dy], a) => [{ shape: a.x as Shape, dtype: dy!.dtype }],
  grad: none('second derivatives are not built'),
  onnx: 'macro',
  lower({ inputs: [dy, w, sum], node: { attrs } }) {
    const { strides, pads, dilations, group } = convAttrs(attrs)
    const x = attrs.x as Shape
    const [co, cg, kh, kw] = w.shape
    const reach = [dilations[0] * (kh - 1), dilations[1] * (kw - 1)]
    let dx: Value
    if (strides[0] === 1 && strides[1] === 1) {
      const flipped = gather(reshape(w, [co, cg, kh * kw]), flip(w, kh * kw), 2)
      const back = reshape(transpose(reshape(flipped, [group, co / group, cg, kh * kw]), [0, 2, 1, 3]), [
        cg * group,
        co / group,
        kh,
        kw,
      ])
      dx = conv(dy, back, {
        group,
        dilations,
        strides,
        pads: [reach[0] - pads[0], reach[1] - pads[1], reach[0] - pads[2], reach[1] - pads[3]],
      })
    } else {
      const covered = (i: 0 | 1) => (dy.shape[2 + i] - 1) * strides[i] + reach[i] + 1 - pads[i] - pads[2 + i]
      const outputPadding = [x[2] - covered(0), x[3] - covered(1)]
      dx = dy.node.graph.apply(ConvTranspose, [dy, w], { group, dilations, strides, pads, outputPadding })[0]
    }
    return [sum ? add(dx, sum) : dx]
  },
  examples: cases.map(({ x, w, y, attrs }) => ({ inputs: [{ shape: y }, { shape: w }], attrs: { ...attrs, x } })),
}
const flip = (w: Value, taps: number): Value =>
  w.node.graph.constant(
    Array.from({ length: taps }, (_, i) => taps - 1 - i),
    [taps],
    'int32',
  )

/** dW from (X, dY, W); of W only the shape and the memory layout count. Attributes are those of the Conv. */
export const ConvWeightGrad: Op = {
  name: 'ConvWeightGrad',
  infer: ([x, , w]) => [{ shape: w!.shape, dtype: x!.dtype }],
  grad: none('second derivatives are not built'),
  onnx: 'macro',
  lower({ inputs: [x, dy, weight], node: { attrs } }) {
    // im2col from slices, then one batched MatMul per (image, group).
    const { strides, pads, dilations, group } = convAttrs(attrs)
    const [co, cg, kh, kw] = weight.shape
    const [n, , ho, wo] = dy.shape
    const padded = pad(x, [0, 0, pads[0], pads[1]], [0, 0, Math.max(0, pads[2]), Math.max(0, pads[3])])
    const taps: Value[] = []
    for (let i = 0; i < kh; i++)
      for (let j = 0; j < kw; j++) {
        const rows = stridedSlice(padded, 2, i * dilations[0], ho, strides[0])
        taps.push(reshape(stridedSlice(rows, 3, j * dilations[1], wo, strides[1]), [n, group, cg, 1, ho * wo]))
      }
    const columns = reshape(concat(taps, 3), [n, group, cg * kh * kw, ho * wo])
    const product = matmul(reshape(dy, [n, group, co / group, ho * wo]), transpose(columns, [0, 1, 3, 2]))
    return [reshape(reduceSum(product, [0]), [co, cg, kh, kw])]
  },
  examples: cases.map(({ x, w, y, attrs }) => ({
    inputs: [{ shape: x }, { shape: y }, { shape: w }],
    attrs: { ...attrs },
  })),
}

/** @param at defaults: stride 1, no padding, dilation 1, one group. */
export function conv(x: Value, w: Value, at: Partial<ConvAttrs> = {}, bias?: Value): Value {
  const attrs = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1, ...at }
  return x.node.graph.apply(Conv, bias ? [x, w, bias] : [x, w], attrs)[0]
}

/** @param at defaults: stride 1, no padding, dilation 1, one group; `outputPadding` adds rows and columns at the end. */
export function convTranspose(
  x: Value,
  w: Value,
  at: Partial<ConvAttrs> & { outputPadding?: [number, number] } = {},
): Value {
  const attrs = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1, outputPadding: [0, 0], ...at }
  return x.node.graph.apply(ConvTranspose, [x, w], attrs)[0]
}

export const convOps = { Conv, ConvTranspose, ConvInputGrad, ConvWeightGrad }
