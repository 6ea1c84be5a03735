/** Pooling, nearest-neighbour upsampling and space-to-depth, NCHW. */
import { type Op, type Shape, type Value, none } from '../graph'
import { add, equal, mask, mul } from './elementwise'
import { concat, expand, pad, reshape, slice, stridedSlice, transpose } from './shape'

export interface PoolAttrs {
  kernel: [number, number]
  strides: [number, number]
  /** top, left, bottom, right */
  pads: [number, number, number, number]
}
const ints = (values: readonly number[]) => ({ ints: values })
const poolAttrs = (a: object) => {
  const { kernel, strides, pads } = a as PoolAttrs
  return { kernel_shape: ints(kernel), strides: ints(strides), pads: ints(pads) }
}
const pooled = (x: Shape, a: object): Shape => {
  const { kernel, strides, pads } = a as PoolAttrs
  return [x[0], x[1], ...[0, 1].map((i) => Math.floor((x[2 + i] + pads[i] + pads[2 + i] - kernel[i]) / strides[i]) + 1)]
}
const same5 = { kernel: [5, 5], strides: [1, 1], pads: [2, 2, 2, 2] }

export const MaxPool: Op = {
  name: 'MaxPool',
  infer: ([x], a) => [{ shape: pooled(x!.shape, a), dtype: x!.dtype }],
  grad: ({ node, inputs: [x], outputs: [y], gradients: [g] }) => [
    node.graph.apply(MaxPoolGrad, [g!, x, y], node.attrs)[0],
  ],
  onnx: { attrs: poolAttrs },
  examples: [
    { inputs: [{ shape: [1, 2, 6, 6] }], attrs: same5 },
    { inputs: [{ shape: [1, 2, 6, 6] }], attrs: { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] } },
  ],
}
/** (dy, x, y) -> dx; every position that attains a window's maximum gets that window's gradient. */
export const MaxPoolGrad: Op = {
  name: 'MaxPoolGrad',
  infer: ([, x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  grad: none('second derivatives are not built'),
  onnx: 'macro',
  lower({ inputs: [dy, x, y], node: { attrs } }) {
    const { kernel, strides, pads } = attrs as unknown as PoolAttrs
    const [, , h, w] = x.shape
    const [, , ho, wo] = y.shape
    if (kernel[0] > 1 && kernel[1] > 1 && strides.every((s) => s === 1)) {
      // Separable: 2 k masks instead of k squared.
      const across = { kernel: [1, kernel[1]], strides, pads: [0, pads[1], 0, pads[3]] }
      const down = { kernel: [kernel[0], 1], strides, pads: [pads[0], 0, pads[2], 0] }
      const graph = x.node.graph
      const rows = graph.apply(MaxPool, [x], across)[0]
      const grad = (d: Value, of: Value, to: Value, at: object) =>
        MaxPoolGrad.lower!({ inputs: [d, of, to], node: { attrs: at } as never })[0]
      return [grad(grad(dy, rows, y, down), x, rows, across)]
    }
    const padded = pad(x, [0, 0, pads[0], pads[1]], [0, 0, pads[2], pads[3]], -1e30)
    let sum: Value | null = null
    for (let i = 0; i < kernel[0]; i++)
      for (let j = 0; j < kernel[1]; j++) {
        const window = stridedSlice(stridedSlice(padded, 2, i, ho, strides[0]), 3, j, wo, strides[1])
        let part = mul(dy, mask(equal(window, y)))
        if (strides[0] > 1 || strides[1] > 1) part = zeroStuff(part, strides)
        const tall = h + pads[0] + pads[2]
        const wide = w + pads[1] + pads[3]
        part = pad(part, [0, 0, i, j], [0, 0, tall - i - part.shape[2], wide - j - part.shape[3]])
        sum = sum ? add(sum, part) : part
      }
    return [slice(slice(sum!, 2, pads[0], pads[0] + h), 3, pads[1], pads[1] + w)]
  },
  // Needs y = MaxPool(x), which examples cannot say: tested through MaxPool's gradient.
  examples: [],
}
/** Puts stride - 1 zeros between neighbours: [n,c,h,w] -> [n,c,(h-1)sy+1,(w-1)sx+1]. */
function zeroStuff(x: Value, [sy, sx]: [number, number]): Value {
  const [n, c, h, w] = x.shape
  const wide = pad(reshape(x, [n, c, h, 1, w, 1]), [0, 0, 0, 0, 0, 0], [0, 0, 0, sy - 1, 0, sx - 1])
  return slice(slice(reshape(wide, [n, c, h * sy, w * sx]), 2, 0, (h - 1) * sy + 1), 3, 0, (w - 1) * sx + 1)
}

export const AveragePool: Op = {
  name: 'AveragePool',
  infer: ([x], a) => [{ shape: pooled(x!.shape, a), dtype: x!.dtype }],
  grad: none('only used by lowerings'),
  onnx: { attrs: poolAttrs },
  examples: [{ inputs: [{ shape: [1, 2, 4, 4] }], attrs: { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] } }],
}
export const GlobalAveragePool: Op = {
  name: 'GlobalAveragePool',
  infer: ([x]) => [{ shape: [x!.shape[0], x!.shape[1], 1, 1], dtype: x!.dtype }],
  grad({ inputs: [x], gradients: [g] }) {
    return [mul(expand(g!, x.shape), 1 / (x.shape[2] * x.shape[3]))]
  },
  onnx: {},
  examples: [{ inputs: [{ shape: [2, 3, 2, 2] }] }],
}

/** Nearest-neighbour upsampling by a whole factor. */
export const Upsample: Op = {
  name: 'UpsampleNearest',
  infer: ([x], a) => [
    {
      shape: [x!.shape[0], x!.shape[1], x!.shape[2] * (a.scale as number), x!.shape[3] * (a.scale as number)],
      dtype: x!.dtype,
    },
  ],
  grad: ({ node, gradients: [g] }) => [node.graph.apply(UpsampleGrad, [g!], node.attrs)[0]],
  onnx: 'macro',
  lower: ({ inputs: [x], node: { attrs } }) => [x.node.graph.apply(Resize, [x], attrs)[0]],
  examples: [{ inputs: [{ shape: [1, 2, 3, 3] }], attrs: { scale: 2 } }],
}
/** dx from dy of {@link Upsample}: the sum over each scale x scale cell. */
export const UpsampleGrad: Op = {
  name: 'UpsampleGrad',
  infer: ([dy], a) => [
    {
      shape: [dy!.shape[0], dy!.shape[1], dy!.shape[2] / (a.scale as number), dy!.shape[3] / (a.scale as number)],
      dtype: dy!.dtype,
    },
  ],
  grad: none('second derivatives are not built'),
  onnx: 'macro',
  lower({ inputs: [dy], node: { attrs } }) {
    const s = attrs.scale as number
    return [
      mul(dy.node.graph.apply(AveragePool, [dy], { kernel: [s, s], strides: [s, s], pads: [0, 0, 0, 0] })[0], s * s),
    ]
  },
  examples: [{ inputs: [{ shape: [1, 2, 4, 4] }], attrs: { scale: 2 } }],
}
const Resize: Op = {
  name: 'Resize',
  infer: Upsample.infer,
  grad: none('only used by lowerings'),
  onnx: {
    attrs: () => ({
      mode: { s: 'nearest' },
      coordinate_transformation_mode: { s: 'asymmetric' },
      nearest_mode: { s: 'floor' },
    }),
    constants: (a) => [null, [1, 1, a.scale as number, a.scale as number]],
  },
  examples: [{ inputs: [{ shape: [1, 2, 3, 3] }], attrs: { scale: 2 } }],
}

/** YOLOX's Focus: [N,C,H,W] -> [N,4C,H/2,W/2], blocks in the order top-left, bottom-left, top-right, bottom-right. */
export const Focus: Op = {
  name: 'Focus',
  infer: ([x]) => [{ shape: [x!.shape[0], x!.shape[1] * 4, x!.shape[2] / 2, x!.shape[3] / 2], dtype: x!.dtype }],
  grad: ({ inputs: [x], gradients: [g] }) => {
    const [n, c, h, w] = x.shape
    // channel = (dx, dy, c): back to rows and columns.
    return [reshape(transpose(reshape(g!, [n, 2, 2, c, h / 2, w / 2]), [0, 3, 4, 2, 5, 1]), x.shape)]
  },
  onnx: 'macro',
  lower({ inputs: [x] }) {
    const [, , h, w] = x.shape
    const block = (dy: number, dx: number) => stridedSlice(stridedSlice(x, 2, dy, h / 2, 2), 3, dx, w / 2, 2)
    return [concat([block(0, 0), block(1, 0), block(0, 1), block(1, 1)], 1)]
  },
  examples: [{ inputs: [{ shape: [1, 3, 4, 6] }] }],
}

export const maxPool = (x: Value, kernel: number, stride = 1, padding = kernel >> 1): Value =>
  x.node.graph.apply(MaxPool, [x], {
    kernel: [kernel, kernel],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
  })[0]
export const upsample = (x: Value, scale: number): Value => x.node.graph.apply(Upsample, [x], { scale })[0]
export const focus = (x: Value): Value => x.node.graph.apply(Focus, [x])[0]
export const globalAveragePool = (x: Value): Value => x.node.graph.apply(GlobalAveragePool, [x])[0]

export const poolOps = {
  MaxPool,
  MaxPoolGrad,
  AveragePool,
  GlobalAveragePool,
  UpsampleNearest: Upsample,
  UpsampleGrad,
  Resize,
  Focus,
}
