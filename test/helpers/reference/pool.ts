/** Pooling, upsampling and space-to-depth of the float64 interpreter. */
import type { PoolAttrs } from '@shared/engine/ops'
import type { Node } from '@shared/engine/graph'
import { type RefRule, type RefTensor, eachIndex } from './tensor'

/** Offsets into x of a window's positions that lie inside the image, for output position `index`. */
function windowOf(x: RefTensor, node: Node, [n, c, p, q]: readonly number[]): number[] {
  const { kernel, strides, pads } = node.attrs as unknown as PoolAttrs
  const [, channels, h, w] = x.shape
  const at: number[] = []
  for (let i = 0; i < kernel[0]; i++)
    for (let j = 0; j < kernel[1]; j++) {
      const r = p * strides[0] + i - pads[0]
      const t = q * strides[1] + j - pads[1]
      if (r >= 0 && r < h && t >= 0 && t < w) at.push(((n * channels + c) * h + r) * w + t)
    }
  return at
}
const upsample: RefRule = ({ inputs: [x], node, like }) => {
  const y = like(0)
  const s = node.attrs.scale as number
  const [, c, h, w] = x.shape
  eachIndex(y.shape, ([n, k, p, q], at) => {
    y.data[at] = x.data[((n * c + k) * h + Math.floor(p / s)) * w + Math.floor(q / s)]
  })
  return [y]
}

export const pool = {
  MaxPool: (({ inputs: [x], node, like }) => {
    const y = like(0)
    eachIndex(y.shape, (index, at) => (y.data[at] = Math.max(...windowOf(x, node, index).map((i) => x.data[i]))))
    return [y]
  }) as RefRule,
  /** Every position that attains a window's maximum gets that window's gradient. */
  MaxPoolGrad: (({ inputs: [dy, x, y], node, like }) => {
    const dx = like(0)
    eachIndex(dy.shape, (index, at) => {
      for (const i of windowOf(x, node, index)) if (x.data[i] === y.data[at]) dx.data[i] += dy.data[at]
    })
    return [dx]
  }) as RefRule,
  AveragePool: (({ inputs: [x], node, like }) => {
    const y = like(0)
    eachIndex(y.shape, (index, at) => {
      const inside = windowOf(x, node, index)
      y.data[at] = inside.reduce((sum, i) => sum + x.data[i], 0) / inside.length
    })
    return [y]
  }) as RefRule,
  GlobalAveragePool: (({ inputs: [x], like }) => {
    const y = like(0)
    const area = x.shape[2] * x.shape[3]
    x.data.forEach((v, i) => (y.data[Math.floor(i / area)] += v / area))
    return [y]
  }) as RefRule,
  UpsampleNearest: upsample,
  Resize: upsample,
  UpsampleGrad: (({ inputs: [dy], node, like }) => {
    const dx = like(0)
    const s = node.attrs.scale as number
    const [, c, h, w] = dx.shape
    eachIndex(dy.shape, ([n, k, p, q], at) => {
      dx.data[((n * c + k) * h + Math.floor(p / s)) * w + Math.floor(q / s)] += dy.data[at]
    })
    return [dx]
  }) as RefRule,
  Focus: (({ inputs: [x], like }) => {
    const y = like(0)
    const [, c, h, w] = x.shape
    const blocks = [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ]
    eachIndex(y.shape, ([n, k, p, q], at) => {
      const [dy, dx] = blocks[Math.floor(k / c)]
      y.data[at] = x.data[((n * c + (k % c)) * h + 2 * p + dy) * w + 2 * q + dx]
    })
    return [y]
  }) as RefRule,
}
