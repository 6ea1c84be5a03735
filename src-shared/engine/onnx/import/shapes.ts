/** Import rules: ops that move, cut and join numbers, and the arithmetic of shapes that exporters write around them. */
import { type Value, size } from '../../graph'
import type { OnnxTensor } from '../decode-tensor'
import { concat, gather, gatherNd, pad, reshape, scatterNd, slice, split, stridedSlice, transpose } from '../../ops'
import { type ImportRule, Unsupported, intTensor, isTensor, rankOf } from './context'

const known = (raw: Value | OnnxTensor): raw is OnnxTensor => isTensor(raw) && raw.data instanceof BigInt64Array
const numbers = (t: OnnxTensor): number[] => Array.from(t.data as ArrayLike<number | bigint>, Number)

const reshapeRule: ImportRule = (at) => {
  const wanted = at.ints(1, 'shape')
  const raw = at.raw(0)
  const from = isTensor(raw) ? raw.dims : raw.shape
  const copied = wanted.map((d, i) => (d === 0 && !at.int('allowzero', 0) ? from[i] : d))
  const rest = size(copied.filter((d) => d !== -1))
  const shape = copied.map((d) => (d === -1 ? size(from) / rest : d))
  if (size(shape) !== size(from)) throw new Unsupported(`[${from}] does not fit into [${wanted}]`)
  return [isTensor(raw) ? { ...raw, dims: shape } : reshape(raw, shape)]
}

const dropped: ImportRule = (at) => {
  const raw = at.raw(0)
  const shape = isTensor(raw) ? raw.dims : raw.shape
  const axes = at.axes(1, shape.length) ?? shape.flatMap((d, i) => (d === 1 ? [i] : []))
  const next = shape.filter((_, i) => !axes.includes(i))
  return [isTensor(raw) ? { ...raw, dims: next } : reshape(raw, next)]
}
const added: ImportRule = (at) => {
  const raw = at.raw(0)
  const shape = isTensor(raw) ? raw.dims : raw.shape
  const given = at.list('axes') ?? at.ints(1, 'axes')
  const rank = shape.length + given.length
  const axes = given.map((a) => (a < 0 ? a + rank : a))
  let from = 0
  const next = Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : shape[from++]))
  return [isTensor(raw) ? { ...raw, dims: next } : reshape(raw, next)]
}

const sliceRule: ImportRule = (at) => {
  const raw = at.raw(0)
  const shape = isTensor(raw) ? raw.dims : raw.shape
  const starts = at.list('starts') ?? at.ints(1, 'starts')
  const ends = at.list('ends') ?? at.ints(2, 'ends')
  const axes = at.axes(3, shape.length) ?? starts.map((_, i) => i)
  const steps = at.has(4) ? at.ints(4, 'steps') : starts.map(() => 1)
  const range = (i: number): [start: number, count: number, step: number] => {
    const d = shape[axes[i]]
    const step = steps[i]
    if (step < 1) throw new Unsupported('it walks backwards')
    const clamp = (v: number) => Math.min(Math.max(v < 0 ? v + d : v, 0), d)
    const [start, end] = [clamp(starts[i]), clamp(ends[i])]
    return [start, Math.max(0, Math.ceil((end - start) / step)), step]
  }
  if (isTensor(raw) && shape.length === 1) {
    const [start, count, step] = range(0)
    const all = numbers(raw)
    if (known(raw)) return [intTensor(Array.from({ length: count }, (_, i) => all[start + i * step]))]
  }
  let y = at.input(0)
  axes.forEach((axis, i) => {
    const [start, count, step] = range(i)
    if (count === 0) throw new Unsupported('nothing is left of it')
    y = stridedSlice(y, axis, start, count, step)
  })
  return [y]
}

const concatRule: ImportRule = (at) => {
  const parts = at.node.inputs.map((_, i) => at.raw(i))
  if (parts.every(known) && parts.every(({ dims }) => dims.length === 1)) return [intTensor(parts.flatMap(numbers))]
  const values = parts.map((_, i) => at.input(i))
  return [concat(values, at.axis(rankOf(values[0]), 1))]
}

const splitRule: ImportRule = (at) => {
  const x = at.input(0)
  const axis = at.axis(rankOf(x), 0)
  const count = at.node.outputs.length
  const even = Math.ceil(x.shape[axis] / count)
  const equal = Array.from({ length: count }, (_, i) => Math.min(even, x.shape[axis] - i * even))
  return split(x, at.list('split') ?? (at.has(1) ? at.ints(1, 'split') : equal), axis)
}

const padRule: ImportRule = (at) => {
  const x = at.input(0)
  const mode = at.text('mode', 'constant')
  if (mode !== 'constant') throw new Unsupported(`padding of mode "${mode}" is not read`)
  const pads = at.list('pads') ?? at.ints(1, 'pads')
  const value = at.has(2) ? Number(at.known(2)?.data[0] ?? NaN) : at.float('value', 0)
  if (Number.isNaN(value)) throw new Unsupported('its padding value depends on the input')
  const [before, after] = [pads.slice(0, pads.length / 2), pads.slice(pads.length / 2)]
  const cut = x.shape.map((d, i) => [Math.max(0, -before[i]), d - Math.max(0, -after[i])])
  const inner = cut.reduce((v, [from, to], axis) => slice(v, axis, from, to), x)
  const grow = (list: number[]) => list.map((p) => Math.max(0, p))
  return [pad(inner, grow(before), grow(after), value)]
}

const gatherRule: ImportRule = (at) => {
  const raw = at.raw(0)
  const index = at.known(1)
  if (known(raw) && index && raw.dims.length === 1) {
    const all = numbers(raw)
    const picked = numbers(index).map((i) => all[i < 0 ? i + all.length : i])
    return [intTensor(picked, index.dims)]
  }
  const x = at.input(0)
  return [gather(x, at.input(1), at.axis(rankOf(x), 0))]
}

/** [N, C b b, H, W] -> [N, C, H b, W b]. */
const depthToSpace: ImportRule = (at) => {
  const x = at.input(0)
  const b = at.int('blocksize', 2)
  const [n, c, h, w] = x.shape
  const o = c / (b * b)
  const columnsFirst = at.text('mode', 'DCR') === 'CRD'
  const cells = columnsFirst ? reshape(x, [n, o, b, b, h, w]) : reshape(x, [n, b, b, o, h, w])
  return [reshape(transpose(cells, columnsFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]), [n, o, h * b, w * b])]
}
const spaceToDepth: ImportRule = (at) => {
  const x = at.input(0)
  const b = at.int('blocksize', 2)
  const [n, c, h, w] = x.shape
  const cells = reshape(x, [n, c, h / b, b, w / b, b])
  return [reshape(transpose(cells, [0, 3, 5, 1, 2, 4]), [n, c * b * b, h / b, w / b])]
}

export const shapeRules: Readonly<Record<string, ImportRule>> = {
  Reshape: reshapeRule,
  Squeeze: dropped,
  Unsqueeze: added,
  Flatten: (at) => {
    const x = at.input(0)
    const axis = at.axis(rankOf(x), 1)
    return [reshape(x, [size(x.shape.slice(0, axis)), size(x.shape.slice(axis))])]
  },
  Transpose: (at) => {
    const x = at.input(0)
    return [transpose(x, at.list('perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i))]
  },
  Concat: concatRule,
  Split: splitRule,
  Slice: sliceRule,
  Pad: padRule,
  Gather: gatherRule,
  // Only where a detector's output is put together: no gradient passes.
  GatherND: (at) => {
    const index = at.input(1)
    if (rankOf(index) !== 2 || at.int('batch_dims', 0)) throw new Unsupported('only rows of indices [n, k] are read')
    return [gatherNd(at.input(0), index)]
  },
  ScatterND: (at) => {
    if (at.text('reduction', 'none') !== 'none') throw new Unsupported('sums and products of updates are not read')
    return [scatterNd(at.input(0), at.input(1), at.input(2))]
  },
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Shape: (at) => {
    const raw = at.raw(0)
    return [intTensor(isTensor(raw) ? raw.dims : raw.shape)]
  },
  ConstantOfShape: (at) => {
    const dims = at.ints(0, 'shape')
    const value = at.node.attributes.get('value')
    const fill = value?.kind === 'tensor' ? value.value : null
    if (size(dims) > 1e6) throw new Unsupported('it is too large')
    if (fill?.data instanceof BigInt64Array)
      return [intTensor(Array<number>(size(dims)).fill(Number(fill.data[0])), dims)]
    return [{ name: '', type: 'float32', dims, data: new Float32Array(size(dims)).fill(Number(fill?.data[0] ?? 0)) }]
  },
  Constant: (at) => {
    const { attributes } = at.node
    const value = attributes.get('value')
    if (value?.kind === 'tensor') return [value.value]
    const ints = attributes.get('value_ints') ?? attributes.get('value_int')
    if (ints?.kind === 'ints') return [intTensor(ints.value)]
    if (ints?.kind === 'int') return [intTensor([ints.value], [])]
    const floats = attributes.get('value_floats') ?? attributes.get('value_float')
    if (floats?.kind === 'floats')
      return [{ name: '', type: 'float32', dims: [floats.value.length], data: Float32Array.from(floats.value) }]
    if (floats?.kind === 'float') return [{ name: '', type: 'float32', dims: [], data: Float32Array.of(floats.value) }]
    throw new Unsupported('it is a constant of a kind that is not read')
  },
  Identity: (at) => [at.raw(0)],
  Dropout: (at) => [at.raw(0)],
}
