/**
 * Weight gradients in the blocked layout as "row convolutions": the input's image rows become a wide image whose width
 * carries the block's channels, and dY is the convolution kernel. The result lies in memory exactly as the weights do.
 */
import type { Value } from '../../graph'
import { add, convAttrs, gather, mul, pad, reduceSum, reshape, slice } from '../../ops'
import type { BlockedRule, Lowering } from '../lowering'
import { gradientOf, weightStorage } from './conv'
import { nchwcConv } from './ops'

export const lowerConvWeightGrad: BlockedRule = (at, node) => {
  const [x, dy, weight] = node.inputs as Value[]
  if (!at.has(weight, 'stored')) return false
  const storage = weightStorage(at, weight)
  if (storage.kind === 'plain' || storage.kind === 'channels') return false
  const { strides } = convAttrs(node.attrs)
  const s = strides[0]
  const b = at.block
  const shape = at.stored(weight, storage).value.shape
  const gradient = gradientOf(
    at,
    dy,
    shape.reduce((p, q) => p * q, 1),
    storage.kind === 'depthwise' ? storage.map : storage.out,
  )
  let value: Value
  const k = storage.shape[2]
  if (storage.kind === 'depthwise') value = depthwiseGrad(at, at.blockedAs(x, storage.map), gradient.value, k, s)
  else if (storage.kind === 'rows')
    value = overBatch(at, at.form(x).rows!.value, gradient.value, (xs, dys) => rowsGrad(xs, dys, storage.shape))
  else value = overBatch(at, at.blockedAs(x, storage.in), gradient.value, (xs, dys) => denseGrad(at, xs, dys, k, s))
  if (gradient.scale) {
    const out = gradient.map.padded
    const inner = shape.reduce((p, q) => p * q, 1) / out
    value = mul(reshape(value, [out / b, inner, b]), reshape(gradient.scale, [out / b, 1, b]))
  }
  at.set(node.outputs[0], { stored: { value: reshape(value, shape), storage } })
  return true
}

/**
 * Images travel as channels here, and the kernels take fewer channels than a block or whole blocks: other batches are
 * cut in two, and the parts added.
 */
function overBatch(at: Lowering, x: Value, dy: Value, build: (x: Value, dy: Value) => Value): Value {
  const n = x.shape[0]
  const rest = n % at.block
  if (n < at.block || rest === 0) return build(x, dy)
  const part = (from: number, to: number) => build(slice(x, 0, from, to), slice(dy, 0, from, to))
  const [a, b] = [part(0, n - rest), part(n - rest, n)]
  return add(reshape(a, b.shape), b)
}

/** Widens the rows with zeros on both sides; a depth-wise 1x1 convolution of ones is faster than Pad. */
function widen(at: Lowering, x: Value, before: number, after: number): Value {
  if (!before && !after) return x
  const c = x.shape[1]
  const ones = at.target.constant(new Float32Array(c).fill(1), [c, 1, 1, 1])
  return nchwcConv(x, ones, { pads: [0, before, 0, after], group: c })
}

/** Swaps the two leading dimensions of rows of `length` numbers. Gather is threaded, Transpose is not. */
function swapRows(at: Lowering, x: Value, a: number, b: number, length: number): Value {
  const index = Array.from({ length: a * b }, (_, i) => (i % a) * b + Math.floor(i / a))
  return gather(reshape(x, [a * b, length]), at.target.constant(index, [a * b], 'int32'))
}

function denseGrad(at: Lowering, x: Value, dy: Value, k: number, s: number): Value {
  const b = at.block
  const [n, ci, h, w] = x.shape
  const [, co, ho, wo] = dy.shape
  const inBlocks = ci / b
  const outBlocks = co / b
  const p = k >> 1
  const wide = k > 1 ? w + p + p - (s - 1) : w
  let rows = k > 1 ? widen(at, x, p, p - (s - 1)) : x
  if (inBlocks > 1) rows = swapRows(at, rows, n, inBlocks, h * wide * b)
  let groups = chooseGroups(n, inBlocks, outBlocks, k)
  if (outBlocks > 1 && n * inBlocks * outBlocks * k * k * b * b * 2 < n * outBlocks * ho * wo * b) groups = n
  let kernel = dy
  if (outBlocks > 1 && groups < n) kernel = swapKernel(at, dy, n, outBlocks, ho * wo * b, groups)
  const perGroup = n / groups
  const pieces =
    k === 1 && groups === n && Math.min(outBlocks, 4) * h * w * b * 4 > 200e3
      ? ([10, 8, 5, 4, 2].find((c) => (h * w) % c === 0 && ((n * c) % b === 0 || n * c < b)) ?? 1)
      : 1
  let y: Value
  if (k === 1) {
    const image = reshape(rows, [inBlocks, n * pieces, 1, ((h * w) / pieces) * b])
    y = nchwcConv(image, reshape(kernel, [groups * co, perGroup * pieces, 1, (h * w) / pieces]), {
      dilations: [1, b],
      group: groups,
    })
  } else {
    const image = reshape(rows, [inBlocks, n, h, wide * b])
    y = nchwcConv(image, reshape(kernel, [groups * co, perGroup, ho, wo]), {
      dilations: [s, s * b],
      pads: [p, 0, p - (s - 1), 0],
      group: groups,
    })
  }
  const cell = k * k * b * b
  if (groups > 1) y = reduceSum(reshape(y, [inBlocks, groups, outBlocks * cell]), [1])
  return inBlocks > 1 && outBlocks > 1 ? swapRows(at, y, inBlocks, outBlocks, cell) : y
}

/** Images per group must stay below the block; two groups help when there are too few work units for two threads. */
function chooseGroups(n: number, inBlocks: number, outBlocks: number, k: number): number {
  if (n >= 16) {
    let groups = Math.ceil(n / 8)
    while (n % groups) groups++
    return groups
  }
  const units = inBlocks * Math.ceil(outBlocks / 4) * k
  return units % 2 && units < 12 && n % 2 === 0 ? 2 : 1
}

function swapKernel(at: Lowering, dy: Value, n: number, outBlocks: number, length: number, groups: number): Value {
  if (groups === 1) return swapRows(at, dy, n, outBlocks, length)
  const perGroup = n / groups
  const index: number[] = []
  for (let g = 0; g < groups; g++)
    for (let c = 0; c < outBlocks; c++)
      for (let i = 0; i < perGroup; i++) index.push((g * perGroup + i) * outBlocks + c)
  return gather(reshape(dy, [n * outBlocks, length]), at.target.constant(index, [index.length], 'int32'))
}

function depthwiseGrad(at: Lowering, x: Value, dy: Value, k: number, s: number): Value {
  const [n, c, h, w] = x.shape
  const [, , ho, wo] = dy.shape
  const p = k >> 1
  const image = reshape(widen(at, x, p, p - (s - 1)), [1, n * c, h, w + p + p - (s - 1)])
  const y = nchwcConv(image, reshape(dy, [n * c, 1, ho, wo]), {
    dilations: [s, s],
    pads: [p, 0, p - (s - 1), 0],
    group: n * c,
  })
  return reduceSum(reshape(y, [n, c * k * k]), [0])
}

function rowsGrad(value: Value, dy: Value, shape: readonly number[]): Value {
  const channels = shape[1]
  const k = shape[2]
  const [n, , h, wide] = value.shape
  const [, padded, ho, wo] = dy.shape
  const p = k >> 1
  const image = pad(reshape(value, [n, 1, h, wide]), [0, 0, 0, p * channels], [0, 0, 0, p * channels])
  const y = nchwcConv(reshape(image, [1, n, h, wide + 2 * p * channels]), reshape(dy, [n * padded, 1, ho, wo]), {
    dilations: [1, channels],
    pads: [p, 0, p, 0],
    group: n,
  })
  return reduceSum(reshape(y, [n, padded * k * k * channels]), [0])
}
