/** Convolution, its input gradient and the choice of weight storage in the blocked layout. */
import type { Node, Value } from '../../graph'
import { add, concat, convAttrs, fusedMatMul, gather, mul, reshape } from '../../ops'
import type { Blocked, BlockedRule, Lowering } from '../lowering'
import { type ChannelMap, type Storage, channelMap, sameMap } from '../storage'
import { nchwcConv } from './ops'

export type ConvKind = 'dense' | 'depthwise' | 'rows'

/** Which blocked formulation serves a convolution; null leaves it to plain NCHW. Depends on shapes only, so that a
 * convolution and its gradients always agree. */
export function convKind(at: Lowering, node: Node, x: Value, w: readonly number[]): ConvKind | null {
  const { strides, pads, dilations, group } = convAttrs(node.attrs)
  const [co, , kh, kw] = w
  const [, ci, h, wd] = xShape(node, x)
  const s = strides[0]
  const p = kh >> 1
  if (
    kh !== kw ||
    kh % 2 === 0 ||
    s !== strides[1] ||
    s > 2 ||
    dilations.some((d) => d !== 1) ||
    pads.some((q) => q !== p)
  )
    return null
  if (s === 2 && (h % 2 || wd % 2 || kh === 1)) return null
  if (group === 1) {
    if (ci < at.block) return at.has(x, 'rows') && s === 1 ? 'rows' : null
    return s === 1 || kh === 3 ? 'dense' : null
  }
  return group === ci && group === co ? 'depthwise' : null
}
const xShape = (node: Node, x: Value): readonly number[] => (node.attrs.x as number[] | undefined) ?? x.shape

export const lowerConv: BlockedRule = (at, node) => {
  const [x, w, b] = node.inputs as Value[]
  if (convAttrs(node.attrs).strides[0] === 1 && !at.has(x, 'rows')) {
    const rows = at.imageRows(x, 'nhwc')
    if (rows) at.set(x, { rows })
  }
  const kind = convKind(at, node, x, w.shape)
  // Weights that a transposed convolution uses too lie plainly.
  if (!kind || !at.isParam(w) || at.form(w).stored?.storage.kind === 'plain') return false
  const { strides, pads } = convAttrs(node.attrs)
  const co = w.shape[0]
  const out = channelMap(co, at.block)
  const [y] = node.outputs
  const bias = b ? at.stored(b, { kind: 'channels', shape: [co], map: out }).value : undefined
  if (kind === 'rows') {
    const { value, channels: c } = at.form(x).rows!
    const weight = at.stored(w, { kind: 'rows', shape: w.shape, out, block: at.block }).value
    const p = pads[0]
    at.set(y, {
      blocked: { map: out, value: nchwcConv(value, weight, { strides: [1, c], pads: [p, p * c, p, p * c], bias }) },
    })
    return true
  }
  // A weight that serves several inputs has one order of channels; the others are brought into it.
  const known = at.form(w).stored?.storage
  const map = known?.kind === 'conv' ? known.in : known?.kind === 'depthwise' ? known.map : at.blocked(x).map
  const value = at.blockedAs(x, map)
  if (kind === 'depthwise') {
    const weight = at.stored(w, { kind: 'depthwise', shape: w.shape, map, block: at.block }).value
    at.set(y, { blocked: { map, value: nchwcConv(value, weight, { strides, pads, group: map.padded, bias }) } })
    return true
  }
  const weight = at.stored(w, { kind: 'conv', shape: w.shape, in: map, out, block: at.block }).value
  at.set(y, { blocked: { map: out, value: nchwcConv(value, weight, { strides, pads, bias }) } })
  return true
}

/** The storage in which the forward convolution took its weight. */
export const weightStorage = (at: Lowering, w: Value): Storage => at.form(w).stored!.storage

/**
 * A gradient with a pending per-channel factor is cheaper to use as it is when the weights are much smaller than the
 * activation: the factor then goes onto the weights. Both gradients of a convolution must decide alike.
 */
export function gradientOf(at: Lowering, dy: Value, weightSize: number, map: ChannelMap): Blocked {
  const pending = at.pending(dy)
  if (!sameMap(pending.map, map)) return { value: at.blockedAs(dy, map), map }
  const activation = pending.value.shape.reduce((a, b) => a * b, 1)
  return pending.scale && activation > 4 * weightSize ? pending : at.blocked(dy)
}

export const lowerConvInputGrad: BlockedRule = (at, node) => {
  const [dy, w, sum] = node.inputs as Value[]
  if (!at.has(w, 'stored')) return false
  const storage = weightStorage(at, w)
  if (storage.kind !== 'conv' && storage.kind !== 'depthwise') return false
  const { strides } = convAttrs(node.attrs)
  const weight = at.stored(w, storage).value
  const weightSize = weight.shape.reduce((a, b) => a * b, 1)
  const gradient = gradientOf(at, dy, weightSize, storage.kind === 'conv' ? storage.out : storage.map)
  const map = storage.kind === 'conv' ? storage.in : storage.map
  const base = sum ? at.blockedAs(sum, map) : undefined
  const value =
    storage.kind === 'conv'
      ? strides[0] === 1
        ? denseStride1(at, scaleWeight(weight, gradient.scale, storage.out, at.block), gradient.value, storage, base)
        : denseStride2(at, scaleWeight(weight, gradient.scale, storage.out, at.block), gradient.value, storage, base)
      : depthwise(at, weight, gradient, node, base)
  at.set(node.outputs[0], { blocked: { map, value } })
  return true
}

type ConvStorage = Extract<Storage, { kind: 'conv' }>

/** Multiplies weights by a factor per output channel. */
function scaleWeight(weight: Value, scale: Value | undefined, out: ChannelMap, block: number): Value {
  if (!scale) return weight
  const blocks = out.padded / block
  const inner = weight.shape.reduce((a, b) => a * b, 1) / out.padded
  return reshape(mul(reshape(weight, [blocks, inner, block]), reshape(scale, [blocks, 1, block])), weight.shape)
}

/** Weights with input and output channels swapped, only the given taps in the given order: [Ci/b, Co/b, taps, b(out), b(in)]. */
function swapped(at: Lowering, weight: Value, storage: ConvStorage, taps: readonly number[]): Value {
  const b = at.block
  const outBlocks = storage.out.padded / b
  const inBlocks = storage.in.padded / b
  const all = storage.shape[2] * storage.shape[3]
  const rows: number[] = []
  for (let i = 0; i < inBlocks; i++)
    for (let o = 0; o < outBlocks; o++) for (const t of taps) rows.push((o * inBlocks + i) * all + t)
  let cells = reshape(weight, [outBlocks * inBlocks * all, b * b])
  if (rows.length !== cells.shape[0] || rows.some((r, i) => r !== i))
    cells = gather(cells, at.target.constant(rows, [rows.length], 'int32'))
  const identity = at.target.constant(
    Float32Array.from({ length: b * b }, (_, i) => (i % (b + 1) === 0 ? 1 : 0)),
    [b, b],
  )
  // A 16 x 16 matrix product transposes every cell and is threaded; Transpose is not.
  return fusedMatMul(reshape(cells, [rows.length, b, b]), identity, { transA: true })
}

function denseStride1(at: Lowering, weight: Value, dy: Value, storage: ConvStorage, sum?: Value): Value {
  const k = storage.shape[2]
  const taps = Array.from({ length: k * k }, (_, t) => k * k - 1 - t)
  const back = reshape(swapped(at, weight, storage, taps), [storage.in.padded, storage.out.padded, k, k])
  const p = k >> 1
  return nchwcConv(dy, back, { pads: [p, p, p, p], sum })
}

/** Stride 2, kernel 3: one small convolution for each parity of the input position, then interleaving. */
function denseStride2(at: Lowering, weight: Value, dy: Value, storage: ConvStorage, sum?: Value): Value {
  const b = at.block
  const [n, , ho, wo] = dy.shape
  const ci = storage.in.padded
  const part = (a: 0 | 1, c: 0 | 1): Value => {
    const rows = a ? [2, 0] : [1]
    const columns = c ? [2, 0] : [1]
    const taps = rows.flatMap((i) => columns.map((j) => i * 3 + j))
    const kernel = reshape(swapped(at, weight, storage, taps), [ci, storage.out.padded, rows.length, columns.length])
    return reshape(nchwcConv(dy, kernel, { pads: [0, 0, a, c] }), [n, ci / b, ho, 1, wo, 1, b])
  }
  const even = concat([part(0, 0), part(0, 1)], 5)
  const odd = concat([part(1, 0), part(1, 1)], 5)
  const dx = reshape(concat([even, odd], 3), [n, ci, ho * 2, wo * 2])
  return sum ? add(dx, sum) : dx
}

function depthwise(at: Lowering, weight: Value, gradient: Blocked, node: Node, sum?: Value): Value {
  const b = at.block
  const { strides } = convAttrs(node.attrs)
  const c = gradient.map.padded
  const k = weight.shape[2]
  let w = weight
  if (gradient.scale) w = reshape(mul(reshape(w, [c / b, k * k, b]), reshape(gradient.scale, [c / b, 1, b])), w.shape)
  const taps = (ids: number[], rows: number, columns: number): Value => {
    const index: number[] = []
    for (let o = 0; o < c / b; o++) for (const t of ids) index.push(o * k * k + t)
    return reshape(gather(reshape(w, [(c / b) * k * k, b]), at.target.constant(index, [index.length], 'int32')), [
      c,
      1,
      rows,
      columns,
    ])
  }
  const dy = gradient.value
  const p = k >> 1
  if (strides[0] === 1) {
    const flipped = taps(
      Array.from({ length: k * k }, (_, t) => k * k - 1 - t),
      k,
      k,
    )
    return nchwcConv(dy, flipped, { pads: [p, p, p, p], group: c, sum })
  }
  // Output position i reads input 2i + t - p: for each parity of the input only every other tap counts.
  const [n, , ho, wo] = dy.shape
  const side = (parity: number) => {
    const ids = Array.from({ length: k }, (_, t) => t)
      .filter((t) => (t - p - parity) % 2 === 0)
      .reverse()
    // Input 2i + parity receives from outputs i + (parity + p - t) / 2.
    const offsets = ids.map((t) => (parity + p - t) / 2)
    return { ids, before: -Math.min(...offsets), after: Math.max(...offsets) }
  }
  const part = (a: number, d: number): Value => {
    const rows = side(a)
    const columns = side(d)
    const kernel = taps(
      rows.ids.flatMap((i) => columns.ids.map((j) => i * k + j)),
      rows.ids.length,
      columns.ids.length,
    )
    const y = nchwcConv(dy, kernel, { pads: [rows.before, columns.before, rows.after, columns.after], group: c })
    return reshape(y, [n, c / b, ho, 1, wo, 1, b])
  }
  const even = concat([part(0, 0), part(0, 1)], 5)
  const odd = concat([part(1, 0), part(1, 1)], 5)
  const dx = reshape(concat([even, odd], 3), [n, c, ho * 2, wo * 2])
  return sum ? add(dx, sum) : dx
}
