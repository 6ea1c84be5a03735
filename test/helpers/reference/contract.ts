/** Contractions, reductions, convolution and batch norm of the float64 interpreter, as sums over plain loops. */
import { type ConvAttrs, convAttrs } from '@shared/engine/ops'
import { size } from '@shared/engine/graph'
import { type RefRule, type RefTensor, broadcastStrides, eachIndex, offset, refTensor, strides } from './tensor'

const swapLast = (t: RefTensor): RefTensor => {
  const rank = t.shape.length
  const shape = [...t.shape.slice(0, -2), t.shape[rank - 1], t.shape[rank - 2]]
  const y = refTensor(shape, t.dtype)
  const steps = strides(t.shape)
  eachIndex(shape, (index, at) => {
    y.data[at] = t.data[offset([...index.slice(0, -2), index[rank - 1], index[rank - 2]], steps)]
  })
  return y
}
function product(a: RefTensor, b: RefTensor, y: RefTensor): RefTensor {
  const k = a.shape.at(-1)!
  const batch = y.shape.slice(0, -2)
  const pick = (t: RefTensor) => [
    ...broadcastStrides(t.shape.slice(0, -2), batch).map((s) => s * t.shape.at(-1)! * t.shape.at(-2)!),
  ]
  const [sa, sb] = [pick(a), pick(b)]
  const [wa, wb] = [a.shape.at(-1)!, b.shape.at(-1)!]
  eachIndex(y.shape, (index, at) => {
    const [row, column] = index.slice(-2)
    const [oa, ob] = [offset(index.slice(0, -2), sa), offset(index.slice(0, -2), sb)]
    let sum = 0
    for (let i = 0; i < k; i++) sum += a.data[oa + row * wa + i] * b.data[ob + i * wb + column]
    y.data[at] = sum
  })
  return y
}

const reduction =
  (
    start: number,
    step: (sum: number, value: number) => number,
    end: (sum: number, count: number) => number = (v) => v,
  ): RefRule =>
  ({ inputs: [x], node, like }) => {
    const y = like(0)
    const axes = node.attrs.axes as number[]
    const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d))
    const steps = strides(kept).map((s, i) => (axes.includes(i) ? 0 : s))
    y.data.fill(start)
    eachIndex(x.shape, (index, at) => {
      const to = offset(index, steps)
      y.data[to] = step(y.data[to], x.data[at])
    })
    const count = size(x.shape) / size(kept)
    y.data.forEach((v, i) => (y.data[i] = end(v, count)))
    return [y]
  }

/** Calls `visit` for each product in a convolution: offsets into input, weights and output. */
function eachTap(
  x: readonly number[],
  w: readonly number[],
  y: readonly number[],
  attrs: ConvAttrs,
  visit: (x: number, w: number, y: number) => void,
): void {
  const { strides: s, pads, dilations, group } = attrs
  const [n, ci, h, wd] = x
  const [co, cg, kh, kw] = w
  const [, , ho, wo] = y
  for (let b = 0; b < n; b++)
    for (let o = 0; o < co; o++)
      for (let c = 0; c < cg; c++) {
        const ic = Math.floor(o / (co / group)) * cg + c
        for (let p = 0; p < ho; p++)
          for (let q = 0; q < wo; q++)
            for (let i = 0; i < kh; i++)
              for (let j = 0; j < kw; j++) {
                const r = p * s[0] + i * dilations[0] - pads[0]
                const t = q * s[1] + j * dilations[1] - pads[1]
                if (r < 0 || r >= h || t < 0 || t >= wd) continue
                visit(
                  ((b * ci + ic) * h + r) * wd + t,
                  ((o * cg + c) * kh + i) * kw + j,
                  ((b * co + o) * ho + p) * wo + q,
                )
              }
      }
}

interface Statistics {
  count: number
  mean: Float64Array
  variance: Float64Array
  channel: (at: number) => number
}
function statistics(x: RefTensor): Statistics {
  const [n, c, h, w] = x.shape
  const count = n * h * w
  const channel = (at: number) => Math.floor(at / (h * w)) % c
  const mean = new Float64Array(c)
  const variance = new Float64Array(c)
  x.data.forEach((v, i) => (mean[channel(i)] += v / count))
  x.data.forEach((v, i) => (variance[channel(i)] += (v - mean[channel(i)]) ** 2 / count))
  return { count, mean, variance, channel }
}

export const contract = {
  MatMul: (({ inputs: [a, b], like }) => [product(a, b, like(0))]) as RefRule,
  FusedMatMul: (({ inputs: [a, b], node, like }) => [
    product(node.attrs.transA ? swapLast(a) : a, node.attrs.transB ? swapLast(b) : b, like(0)),
  ]) as RefRule,
  ReduceSum: reduction(0, (s, v) => s + v),
  ReduceMean: reduction(
    0,
    (s, v) => s + v,
    (s, n) => s / n,
  ),
  ReduceSumSquare: reduction(0, (s, v) => s + v * v),
  ReduceMax: reduction(-Infinity, Math.max),
  ReduceMin: reduction(Infinity, Math.min),
  Softmax: (({ inputs: [x], node, like }) => {
    const y = like(0)
    const axis = node.attrs.axis as number
    const lines = x.shape.map((d, i) => (i === axis ? 1 : d))
    const steps = strides(x.shape)
    eachIndex(lines, (index) => {
      const at = Array.from({ length: x.shape[axis] }, (_, i) => offset(index, steps) + i * steps[axis])
      const top = Math.max(...at.map((i) => x.data[i]))
      const sum = at.reduce((s, i) => s + Math.exp(x.data[i] - top), 0)
      for (const i of at) y.data[i] = Math.exp(x.data[i] - top) / sum
    })
    return [y]
  }) as RefRule,
  Conv: (({ inputs: [x, w, b], node, like }) => {
    const y = like(0)
    const area = y.shape[2] * y.shape[3]
    if (b) y.data.forEach((_, i) => (y.data[i] = b.data[Math.floor(i / area) % y.shape[1]]))
    eachTap(x.shape, w.shape, y.shape, convAttrs(node.attrs), (i, k, o) => (y.data[o] += x.data[i] * w.data[k]))
    return [y]
  }) as RefRule,
  /** The Conv of y that reads x backwards: what comes out here is what goes in there. */
  ConvTranspose: (({ inputs: [x, w], node, like }) => {
    const y = like(0)
    eachTap(y.shape, w.shape, x.shape, convAttrs(node.attrs), (o, k, i) => (y.data[o] += x.data[i] * w.data[k]))
    return [y]
  }) as RefRule,
  ConvInputGrad: (({ inputs: [dy, w, sum], node, like }) => {
    const dx = like(0)
    if (sum) dx.data.set(sum.data)
    eachTap(dx.shape, w.shape, dy.shape, convAttrs(node.attrs), (i, k, o) => (dx.data[i] += dy.data[o] * w.data[k]))
    return [dx]
  }) as RefRule,
  ConvWeightGrad: (({ inputs: [x, dy, w], node, like }) => {
    const dw = like(0)
    eachTap(x.shape, w.shape, dy.shape, convAttrs(node.attrs), (i, k, o) => (dw.data[k] += x.data[i] * dy.data[o]))
    return [dw]
  }) as RefRule,
  BatchNormalization: (({ inputs: [x, gamma, beta, mean, variance], node, like }) => {
    const y = like(0)
    const { channel } = statistics(x)
    const epsilon = node.attrs.epsilon as number
    x.data.forEach((v, i) => {
      const c = channel(i)
      y.data[i] = ((v - mean.data[c]) / Math.sqrt(variance.data[c] + epsilon)) * gamma.data[c] + beta.data[c]
    })
    return [y]
  }) as RefRule,
  BatchNormTrain: (({ inputs: [x, gamma, beta], node, like }) => {
    const [y, m, v] = [like(0), like(1), like(2)]
    const { mean, variance, channel } = statistics(x)
    const epsilon = node.attrs.epsilon as number
    x.data.forEach((value, i) => {
      const c = channel(i)
      y.data[i] = ((value - mean[c]) / Math.sqrt(variance[c] + epsilon)) * gamma.data[c] + beta.data[c]
    })
    m.data.set(mean)
    v.data.set(variance)
    return [y, m, v]
  }) as RefRule,
  /** Textbook form over the normalised input: dx = gamma/std (dy - mean(dy) - n mean(dy n)). */
  BatchNormGrad: (({ inputs: [dy, x, gamma, mean, variance], node, like }) => {
    const [dx, dgamma, dbeta] = [like(0), like(1), like(2)]
    const { count, channel } = statistics(x)
    const std = variance.data.map((v) => Math.sqrt(v + (node.attrs.epsilon as number)))
    const normal = x.data.map((v, i) => (v - mean.data[channel(i)]) / std[channel(i)])
    dy.data.forEach((g, i) => {
      dgamma.data[channel(i)] += g * normal[i]
      dbeta.data[channel(i)] += g
    })
    dy.data.forEach((g, i) => {
      const c = channel(i)
      dx.data[i] = (gamma.data[c] / std[c]) * (g - dbeta.data[c] / count - (normal[i] * dgamma.data[c]) / count)
    })
    return [dx, dgamma, dbeta]
  }) as RefRule,
}
