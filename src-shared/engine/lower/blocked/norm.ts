/** Batch norm and SiLU in the blocked layout: every per-channel sum and scaling is a depth-wise 1x1 convolution. */
import type { Value } from '../../graph'
import { add, div, max, mul, neg, reduceMean, reshape, sigmoid, sqrt, sub } from '../../ops'
import type { BlockedRule, Lowering } from '../lowering'
import { nchwcConv, nchwcGlobalAveragePool } from './ops'

const column = (v: Value): Value => reshape(v, [v.shape[0], 1, 1, 1])

/** Mean over N, H and W of each channel: [padded]. */
const channelMean = (x: Value): Value => reduceMean(nchwcGlobalAveragePool(x), [0, 2, 3])

/**
 * Mean over N, H and W of x * y for each channel: one image of N*C channels is convolved with the other as its kernel.
 * Rows are split so that each sum stays short, which is faster on two cores and keeps digits.
 */
function channelDot(at: Lowering, x: Value, y: Value): Value {
  const [n, c, h, w] = x.shape
  const b = at.block
  const parts =
    h > 20 ? ([20, 16, 12, 10, 8, 6, 4, 2].map((rows) => (h % rows === 0 ? h / rows : 0)).find((p) => p > 1) ?? 1) : 1
  const rows = h / parts
  const sums = nchwcConv(reshape(x, [1, n * c * parts, rows, w]), reshape(y, [n * c * parts, 1, rows, w]), {
    group: n * c * parts,
  })
  const mean = reduceMean(reshape(sums, [n, c / b, parts, b]), [0, 2])
  return mul(reshape(mean, [c]), 1 / (rows * w))
}

export const lowerBatchNormTrain: BlockedRule = (at, node) => {
  const [x, gamma, beta] = node.inputs as Value[]
  if (!at.has(x, 'blocked')) return false
  const { value, map } = at.blocked(x)
  const storage = { kind: 'channels' as const, shape: gamma.shape, map }
  const mean = channelMean(value)
  // On nearly uniform pictures the difference of two large numbers may come out below zero, whose root is no number.
  const variance = max(sub(channelDot(at, value, value), mul(mean, mean)), 0)
  const a = div(at.stored(gamma, storage).value, sqrt(add(variance, node.attrs.epsilon as number)))
  const bias = sub(at.stored(beta, storage).value, mul(mean, a))
  const [y, m, v] = node.outputs
  at.set(y, { blocked: { map, value: nchwcConv(value, column(a), { group: map.padded, bias }) } })
  at.set(m, { stored: { value: mean, storage } })
  at.set(v, { stored: { value: variance, storage } })
  return true
}

export const lowerBatchNormGrad: BlockedRule = (at, node) => {
  const [dy, x, gamma, mean, variance] = node.inputs as Value[]
  if (!at.has(x, 'blocked') || !at.has(mean, 'stored')) return false
  const { value: xv, map } = at.blocked(x)
  const g = at.blockedAs(dy, map)
  const storage = { kind: 'channels' as const, shape: gamma.shape, map }
  const [n, , h, w] = xv.shape
  const count = n * h * w
  const mu = at.stored(mean, storage).value
  const std = sqrt(add(at.stored(variance, storage).value, node.attrs.epsilon as number))
  const meanDy = channelMean(g)
  const t = div(sub(channelDot(at, g, xv), mul(mu, meanDy)), std)
  const [dx, dgamma, dbeta] = node.outputs
  at.set(dgamma, { stored: { value: mul(t, count), storage } })
  at.set(dbeta, { stored: { value: mul(meanDy, count), storage } })
  // dx = gamma/std (dy + b x + c): the sum inside is one convolution, the factor outside waits for a neighbour.
  const bx = neg(div(t, std))
  const c = neg(add(meanDy, mul(bx, mu)))
  const inner = nchwcConv(xv, column(bx), { group: map.padded, bias: c, sum: g })
  at.set(dx, { blocked: { map, value: inner, scale: div(at.stored(gamma, storage).value, std) } })
  return true
}

export const lowerSilu: BlockedRule = (at, node) => {
  const [x] = node.inputs as Value[]
  if (!at.has(x, 'blocked')) return false
  const { value, map } = at.blocked(x)
  at.set(node.outputs[0], { blocked: { map, value: mul(value, sigmoid(value)) } })
  return true
}

export const lowerSiluGrad: BlockedRule = (at, node) => {
  const [dy, x, y] = node.inputs as Value[]
  if (!at.has(x, 'blocked')) return false
  const { value: xv, map } = at.blocked(x)
  const c = map.padded
  const minus = at.target.constant(new Float32Array(c).fill(-1), [c, 1, 1, 1])
  const one = at.target.constant(new Float32Array(c).fill(1), [c])
  // 1 + x - y in one pass; sigmoid(x) is the forward pass's own node.
  const slope = nchwcConv(at.blockedAs(y, map), minus, { group: c, bias: one, sum: xv })
  at.set(node.outputs[0], { blocked: { map, value: mul(mul(at.blockedAs(dy, map), sigmoid(xv)), slope) } })
  return true
}
