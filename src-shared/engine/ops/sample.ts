/**
 * Reading feature maps between their cells: bilinear sampling at computed positions, zero outside the map, with its two
 * gradients. Positions [N, 2, P] are (row, column) in cells, 0 is the centre of the first one.
 */
import { type Op, type Shape, type Value, none } from '../graph'
import { add, and, cast, floor, greaterOrEqual, lessOrEqual, mask, max, min, mul, sub } from './elementwise'
import { gather, gatherElements } from './gather'
import { reduceSum } from './linear'
import { concat, expand, reshape, slice, transpose } from './shape'

const fits = (x: Shape, at: Shape): void => {
  if (x.length !== 4 || at.length !== 3 || at[0] !== x[0] || at[1] !== 2)
    throw new Error(`positions [${at}] do not fit the map [${x}]; [${x[0]}, 2, P] would`)
}

/** (x [N, C, H, W], at [N, 2, P]) -> [N, C, P]. Attribute `open`: the batch size is not written into the file. */
export const BilinearSample: Op = {
  name: 'BilinearSample',
  infer([x, at]) {
    fits(x!.shape, at!.shape)
    return [{ shape: [x!.shape[0], x!.shape[1], at!.shape[2]], dtype: x!.dtype }]
  },
  grad: ({ node, inputs: [x, at], gradients: [g] }) => [
    node.graph.apply(BilinearScatter, [g!, at], { x: x.shape })[0],
    node.graph.apply(BilinearSlope, [g!, x, at])[0],
  ],
  onnx: 'macro',
  lower({ inputs: [x, at], node }) {
    const [n, c, h, w] = x.shape
    const p = at.shape[2]
    if (node.attrs.open) {
      // An index for each channel: more memory, but the batch size appears in shapes only as their first number.
      const flat = reshape(x, [n, c, h * w], [0, c, h * w])
      const channels = x.node.graph.constant(new Float32Array(c), [1, c, 1])
      const parts = corners(at, h, w).map(({ cell, weight }) =>
        mul(gatherElements(flat, cast(add(cell, channels), 'int32'), 2), weight),
      )
      return [parts.reduce((a, b) => add(a, b))]
    }
    const parts = corners(at, h, w).map(({ cell, weight }) => mul(cornerRows(x, cell), reshape(weight, [n * p, 1])))
    const rows = parts.reduce((a, b) => add(a, b))
    return [transpose(reshape(rows, [n, p, c]), [0, 2, 1])]
  },
  examples: [
    { inputs: [{ shape: [2, 3, 4, 5] }, { shape: [2, 2, 7], low: -1.4, high: 4.4 }] },
    { inputs: [{ shape: [2, 3, 4, 5] }, { shape: [2, 2, 7], low: -1.4, high: 4.4 }], attrs: { open: true } },
  ],
}

/** (dy [N, C, P], at) -> dx of {@link BilinearSample}: each number goes to the four cells it was read from. */
export const BilinearScatter: Op = {
  name: 'BilinearScatter',
  infer: ([dy], a) => [{ shape: a.x as Shape, dtype: dy!.dtype }],
  grad: none('second derivatives are not built'),
  onnx: 'macro',
  lower({ inputs: [dy, at], node: { attrs } }) {
    const [n, c, h, w] = attrs.x as Shape
    const found = corners(at, h, w)
    const graph = dy.node.graph
    const channels = graph.constant(new Float32Array(c), [1, c, 1])
    const updates = concat(
      found.map(({ weight }) => mul(dy, weight)),
      2,
    )
    const index = concat(
      found.map(({ cell }) => cell),
      2,
    )
    const empty = expand(graph.scalar(0), [n, c, h * w])
    const places = cast(add(index, channels), 'int32')
    return [reshape(graph.apply(ScatterAdd, [empty, places, updates], { axis: 2 })[0], [n, c, h, w])]
  },
  examples: [
    {
      inputs: [{ shape: [2, 3, 7] }, { shape: [2, 2, 7], low: -1.4, high: 4.4 }],
      attrs: { x: [2, 3, 4, 5] },
    },
  ],
}

/** (dy [N, C, P], x, at) -> the gradient by the positions, [N, 2, P]; at a cell's centre the slope towards the next one. */
export const BilinearSlope: Op = {
  name: 'BilinearSlope',
  infer([, x, at]) {
    fits(x!.shape, at!.shape)
    return [{ shape: at!.shape, dtype: at!.dtype }]
  },
  grad: none('second derivatives are not built'),
  onnx: 'macro',
  lower({ inputs: [dy, x, at] }) {
    const [n, c, h, w] = x.shape
    const p = at.shape[2]
    const rows = reshape(transpose(dy, [0, 2, 1]), [n * p, c])
    const along = (axis: 'byRow' | 'byColumn') =>
      corners(at, h, w)
        .map(({ cell, inside, ...slope }) =>
          mul(reshape(reduceSum(mul(cornerRows(x, cell), rows), [1]), [n, 1, p]), mul(slope[axis], inside)),
        )
        .reduce((a, b) => add(a, b))
    return [concat([along('byRow'), along('byColumn')], 1)]
  },
  examples: [{ inputs: [{ shape: [2, 3, 7] }, { shape: [2, 3, 4, 5] }, { shape: [2, 2, 7], low: -1.4, high: 4.4 }] }],
}

/**
 * The data with updates added at the positions of an axis that equal indices name more than once. ScatterND would move
 * whole rows, but its threads lose updates of one row.
 */
const ScatterAdd: Op = {
  name: 'ScatterElements',
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  grad: none('emitted by lowerings only'),
  onnx: { attrs: (a) => ({ axis: { i: a.axis as number }, reduction: { s: 'add' } }) },
  examples: [],
}

interface Corner {
  /** Number of the nearest cell inside the map, row by row, as float [N, 1, P]. */
  cell: Value
  /** 1 inside the map, 0 outside. */
  inside: Value
  /** What the cell counts, 0 outside, and how that changes with the position. */
  weight: Value
  byRow: Value
  byColumn: Value
}

/** The four cells around each position. */
function corners(at: Value, h: number, w: number): Corner[] {
  const [row, column] = [slice(at, 1, 0, 1), slice(at, 1, 1, 2)]
  const [top, left] = [floor(row), floor(column)]
  const [down, right] = [sub(row, top), sub(column, left)]
  const within = (v: Value, last: number) => and(greaterOrEqual(v, 0), lessOrEqual(v, last))
  const clamp = (v: Value, last: number) => min(max(v, 0), last)
  return [0, 1].flatMap((i) =>
    [0, 1].map((j) => {
      const [r, c] = [i ? add(top, 1) : top, j ? add(left, 1) : left]
      const inside = mask(and(within(r, h - 1), within(c, w - 1)))
      const [vertical, horizontal] = [i ? down : sub(1, down), j ? right : sub(1, right)]
      return {
        cell: add(mul(clamp(r, h - 1), w), clamp(c, w - 1)),
        inside,
        weight: mul(mul(vertical, horizontal), inside),
        byRow: mul(horizontal, i ? 1 : -1),
        byColumn: mul(vertical, j ? 1 : -1),
      }
    }),
  )
}

/** Position of a cell among those of all images: int32 [N * P]. */
function rowIndex(cell: Value, n: number, cells: number): Value {
  const first = cell.node.graph.constant(
    Array.from({ length: n }, (_, i) => i * cells),
    [n, 1, 1],
    'int32',
  )
  return reshape(add(cast(cell, 'int32'), first), [n * cell.shape[2]])
}

/** Channels of a cell for each position: [N * P, C]. */
function cornerRows(x: Value, cell: Value): Value {
  const [n, c, h, w] = x.shape
  return gather(reshape(transpose(x, [0, 2, 3, 1]), [n * h * w, c]), rowIndex(cell, n, h * w))
}

/** @param at positions [N, 2, P] in cells. @param open for files whose batch size stays open. */
export const bilinearSample = (x: Value, at: Value, open = false): Value =>
  x.node.graph.apply(BilinearSample, [x, at], open ? { open } : {})[0]

export interface DeformAttrs {
  kernel: number
  stride: number
  dilation: number
  /** Rows and columns of zeros around the map. */
  padding: number
  /** Channels in groups that share their offsets. */
  offsetGroups: number
}

/**
 * What a deformable convolution sees (Dai et al. 2017, arXiv:1703.06211; with a mask Zhu et al. 2018, arXiv:1811.11168).
 * @param offset [N, 2 G k k, Ho, Wo]: (dy, dx) in cells for each tap of each group, as in ONNX's DeformConv.
 * @param modulation factor of each tap [N, G k k, Ho, Wo]. @returns columns [N, C k k, Ho Wo], channel by channel.
 */
export function deformColumns(x: Value, offset: Value, at: DeformAttrs, modulation?: Value, open = false): Value {
  const [n, c] = x.shape
  const { kernel: k, stride, dilation, padding, offsetGroups: groups } = at
  const [, , ho, wo] = offset.shape
  const taps = k * k
  const cells = ho * wo
  if (offset.shape[1] !== 2 * groups * taps) throw new Error(`${offset.shape[1]} offsets do not fit ${groups} groups`)
  const grid = new Float32Array(2 * taps * cells)
  for (let t = 0; t < taps; t++)
    for (let i = 0; i < cells; i++) {
      grid[t * cells + i] = Math.floor(i / wo) * stride - padding + Math.floor(t / k) * dilation
      grid[(taps + t) * cells + i] = (i % wo) * stride - padding + (t % k) * dilation
    }
  const still = x.node.graph.constant(grid, [1, 2, taps * cells])
  const size = c / groups
  const parts = Array.from({ length: groups }, (_, g) => {
    const own = reshape(slice(offset, 1, 2 * g * taps, 2 * (g + 1) * taps), [n, taps, 2, cells])
    const moved = add(reshape(transpose(own, [0, 2, 1, 3]), [n, 2, taps * cells]), still)
    const seen = bilinearSample(groups === 1 ? x : slice(x, 1, g * size, (g + 1) * size), moved, open)
    if (!modulation) return seen
    return mul(seen, reshape(slice(modulation, 1, g * taps, (g + 1) * taps), [n, 1, taps * cells]))
  })
  return reshape(concat(parts, 1), [n, c * taps, cells])
}

export const sampleOps = { BilinearSample, BilinearScatter, BilinearSlope }
