/** Pooling, upsampling, channel joins and elementwise ops in the blocked layout. */
import { type Op, type Value, none } from '../../graph'
import { type PoolAttrs, add, concat, mul, pad, reshape, slice, split, sub } from '../../ops'
import type { Blocked, BlockedRule, Lowering } from '../lowering'
import { joinMaps, sameMap, sameStorage } from '../storage'
import { nchwcAveragePool, nchwcMaxPool, nchwcUpsample } from './ops'

const isSamePool = (a: PoolAttrs): boolean =>
  a.strides.every((s) => s === 1) &&
  a.kernel[0] === a.kernel[1] &&
  a.kernel[0] % 2 === 1 &&
  a.pads.every((p) => p === a.kernel[0] >> 1)

/** Stride-1 pooling is separable: along the rows, then along the columns. */
function separable(x: Value, k: number): { rows: Value; both: Value } {
  const p = k >> 1
  const rows = nchwcMaxPool(x, { kernel: [1, k], strides: [1, 1], pads: [0, p, 0, p] })
  return { rows, both: nchwcMaxPool(rows, { kernel: [k, 1], strides: [1, 1], pads: [p, 0, p, 0] }) }
}

export const lowerMaxPool: BlockedRule = (at, node) => {
  const [x] = node.inputs as Value[]
  const attrs = node.attrs as unknown as PoolAttrs
  if (!at.has(x, 'blocked') || !isSamePool(attrs)) return false
  const { value, map } = at.blocked(x)
  at.set(node.outputs[0], { blocked: { map, value: separable(value, attrs.kernel[0]).both } })
  return true
}

/** 1 where its argument is 0, 0 where it is below: an exact comparison that is vectorised, unlike Equal. */
const isZero: Op = {
  name: 'HardSigmoid',
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  grad: none('emitted by lowerings only'),
  onnx: { attrs: () => ({ alpha: { f: 1e30 }, beta: { f: 1 } }) },
  examples: [],
}

export const lowerMaxPoolGrad: BlockedRule = (at, node) => {
  const [dy, x] = node.inputs as Value[]
  const attrs = node.attrs as unknown as PoolAttrs
  if (!at.has(x, 'blocked') || !isSamePool(attrs)) return false
  const { value: xv, map } = at.blocked(x)
  const k = attrs.kernel[0]
  const { rows, both } = separable(xv, k)
  const [n, c, h, w] = xv.shape
  const b = at.block
  const planes = (n * c) / b
  /** d(input) = sum over window offsets of [input equals the shifted output] * shifted d(output). */
  const back = (input: Value, output: Value, d: Value, shape: readonly number[], unit: number): Value => {
    const length = shape[1]
    const p = (k >> 1) * unit
    const paddedOutput = pad(reshape(output, shape), [0, p, 0], [0, p, 0], 1e38)
    const paddedD = pad(reshape(d, shape), [0, p, 0], [0, p, 0])
    const self = reshape(input, shape)
    let sum: Value | null = null
    for (let j = 0; j < k; j++) {
      const o = slice(paddedOutput, 1, j * unit, j * unit + length)
      const e = slice(paddedD, 1, j * unit, j * unit + length)
      const part = mul(at.target.apply(isZero, [sub(self, o)])[0], e)
      sum = sum ? add(sum, part) : part
    }
    return sum!
  }
  const dRows = back(rows, both, at.blockedAs(dy, map), [planes, h, w * b], 1)
  const dx = back(xv, rows, dRows, [planes * h, w * b, 1], b)
  at.set(node.outputs[0], { blocked: { map, value: reshape(dx, xv.shape) } })
  return true
}

export const lowerUpsample: BlockedRule = (at, node) => {
  const [x] = node.inputs as Value[]
  if (!at.has(x, 'blocked')) return false
  const { value, map } = at.blocked(x)
  at.set(node.outputs[0], { blocked: { map, value: nchwcUpsample(value, node.attrs.scale as number) } })
  return true
}

export const lowerUpsampleGrad: BlockedRule = (at, node) => {
  const [dy] = node.inputs as Value[]
  if (!at.has(dy, 'blocked')) return false
  const { value, map } = at.blocked(dy)
  const s = node.attrs.scale as number
  at.set(node.outputs[0], {
    blocked: {
      map,
      value: mul(nchwcAveragePool(value, { kernel: [s, s], strides: [s, s], pads: [0, 0, 0, 0] }), s * s),
    },
  })
  return true
}

export const lowerConcat: BlockedRule = (at, node) => {
  const inputs = node.inputs as Value[]
  if (node.attrs.axis !== 1 || !inputs.every((v) => v.shape.length === 4 && at.has(v, 'blocked'))) return false
  const parts = inputs.map((v) => at.blocked(v))
  at.set(node.outputs[0], {
    blocked: {
      map: joinMaps(parts.map((p) => p.map)),
      value: concat(
        parts.map((p) => p.value),
        1,
      ),
    },
  })
  return true
}

export const lowerSplit: BlockedRule = (at, node) => {
  const [x] = node.inputs as Value[]
  if (node.attrs.axis !== 1 || !at.has(x, 'blocked')) return false
  const { value, map } = at.blocked(x)
  const b = at.block
  const sizes: number[] = []
  let logical = 0
  let physical = 0
  for (const n of node.attrs.sizes as number[]) {
    const positions = map.positions.slice(logical, logical + n)
    if (positions[0] !== physical || positions.some((p, i) => p !== physical + i)) return false
    sizes.push(Math.ceil(n / b) * b)
    logical += n
    physical += sizes.at(-1)!
  }
  if (physical !== map.padded) return false
  split(value, sizes, 1).forEach((part, i) => {
    const positions = Array.from({ length: (node.attrs.sizes as number[])[i] }, (_, j) => j)
    at.set(node.outputs[i], { blocked: { map: { positions, padded: sizes[i] }, value: part } })
  })
  return true
}

/** Elementwise ops that keep zeros zero, on operands of one shape and one channel order. */
export const lowerElementwise: BlockedRule = (at, node) => {
  const inputs = node.inputs as Value[]
  const [y] = node.outputs
  const stored = inputs.map((v) => at.form(v).stored)
  const [first] = stored
  if (first && first.storage.kind !== 'plain' && stored.every((s) => s && sameStorage(s.storage, first.storage))) {
    // Gradients of one weight from several places.
    const value = at.target.apply(
      node.op,
      stored.map((s) => s!.value),
      node.attrs,
    )[0]
    at.set(y, { stored: { value, storage: first.storage } })
    return true
  }
  if (
    y.shape.length === 4 &&
    inputs.every((v) => v.shape.join() === y.shape.join()) &&
    inputs.some((v) => at.has(v, 'blocked'))
  ) {
    const operands: Blocked[] = inputs.map((v) => at.blocked(v))
    if (!operands.every((o) => sameMap(o.map, operands[0].map))) return false
    at.set(y, {
      blocked: {
        map: operands[0].map,
        value: at.target.apply(
          node.op,
          operands.map((o) => o.value),
          node.attrs,
        )[0],
      },
    })
    return true
  }
  return false
}

/** Focus of an image input: the host supplies the packed rows. */
export const lowerFocus: BlockedRule = (at: Lowering, node) => {
  const [x] = node.inputs as Value[]
  const rows = at.imageRows(x, 's2d-nhwc')
  if (!rows) return false
  at.set(node.outputs[0], { rows })
  return true
}
