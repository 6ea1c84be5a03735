/** Ops of the float64 interpreter that move or select numbers. */
import { type RefRule, type RefTensor, broadcastStrides, eachIndex, offset, strides } from './tensor'

/** y[index] = x[from(index)]. */
const move =
  (
    from: (at: { x: RefTensor; y: RefTensor; attrs: Record<string, unknown>; index: readonly number[] }) => number[],
  ): RefRule =>
  ({ inputs: [x], node, like }) => {
    const y = like(0)
    const steps = strides(x.shape)
    eachIndex(y.shape, (index, at) => {
      y.data[at] = x.data[offset(from({ x, y, attrs: node.attrs, index }), steps)]
    })
    return [y]
  }
const copy: RefRule = ({ inputs: [x], like }) => {
  const y = like(0)
  y.data.set(x.data)
  return [y]
}

export const shape = {
  Reshape: copy,
  Identity: copy,
  Transpose: move(({ attrs, index }) => {
    const at: number[] = []
    ;(attrs.perm as number[]).forEach((p, i) => (at[p] = index[i]))
    return at
  }),
  DepthToSpace: move(({ attrs, index: [n, c, y, x] }) => {
    const r = attrs.scale as number
    return [n, (c * r + (y % r)) * r + (x % r), Math.floor(y / r), Math.floor(x / r)]
  }),
  Slice: move(({ attrs, index }) =>
    index.map((v, axis) => (axis === attrs.axis ? (attrs.start as number) + v * ((attrs.step as number) ?? 1) : v)),
  ),
  Expand: (({ inputs: [x], like }) => {
    const y = like(0)
    const steps = broadcastStrides(x.shape, y.shape)
    eachIndex(y.shape, (index, at) => (y.data[at] = x.data[offset(index, steps)]))
    return [y]
  }) as RefRule,
  Pad: (({ inputs: [x], node, like }) => {
    const y = like(0)
    const { before, value = 0 } = node.attrs as { before: number[]; value?: number }
    const steps = strides(y.shape)
    y.data.fill(value)
    eachIndex(x.shape, (index, at) => {
      y.data[
        offset(
          index.map((v, axis) => v + before[axis]),
          steps,
        )
      ] = x.data[at]
    })
    return [y]
  }) as RefRule,
  Concat: (({ inputs, node, like }) => {
    const y = like(0)
    const axis = node.attrs.axis as number
    const steps = strides(y.shape)
    let start = 0
    for (const x of inputs) {
      eachIndex(x.shape, (index, at) => {
        y.data[offset(index, steps) + start * steps[axis]] = x.data[at]
      })
      start += x.shape[axis]
    }
    return [y]
  }) as RefRule,
  Split: (({ inputs: [x], node, like }) => {
    const axis = node.attrs.axis as number
    const steps = strides(x.shape)
    let start = 0
    return (node.attrs.sizes as number[]).map((n, i) => {
      const y = like(i)
      eachIndex(y.shape, (index, at) => {
        y.data[at] = x.data[offset(index, steps) + start * steps[axis]]
      })
      start += n
      return y
    })
  }) as RefRule,
  Gather: (({ inputs: [x, indices], node, like }) => {
    const y = like(0)
    const axis = node.attrs.axis as number
    const rank = indices.shape.length
    const steps = strides(x.shape)
    const places = strides(indices.shape)
    eachIndex(y.shape, (index, at) => {
      const chosen = indices.data[offset(index.slice(axis, axis + rank), places)]
      y.data[at] = x.data[offset([...index.slice(0, axis), chosen, ...index.slice(axis + rank)], steps)]
    })
    return [y]
  }) as RefRule,
  GatherElements: (({ inputs: [x, indices], node, like }) => {
    const y = like(0)
    const steps = strides(x.shape)
    eachIndex(indices.shape, (index, at) => {
      y.data[at] =
        x.data[
          offset(
            index.map((v, axis) => (axis === node.attrs.axis ? indices.data[at] : v)),
            steps,
          )
        ]
    })
    return [y]
  }) as RefRule,
  TopK: (({ inputs: [x], node, like }) => {
    const { axis, k, largest } = node.attrs as { axis: number; k: number; largest: boolean }
    const values = like(0)
    const places = like(1)
    const steps = strides(x.shape)
    const out = strides(values.shape)
    const lines = x.shape.map((d, i) => (i === axis ? 1 : d))
    eachIndex(lines, (index) => {
      const from = offset(index, steps)
      const order = Array.from({ length: x.shape[axis] }, (_, i) => i)
      const value = (i: number) => x.data[from + i * steps[axis]]
      order.sort((a, b) => (largest ? value(b) - value(a) : value(a) - value(b)) || a - b)
      for (let i = 0; i < k; i++) {
        values.data[offset(index, out) + i * out[axis]] = value(order[i])
        places.data[offset(index, out) + i * out[axis]] = order[i]
      }
    })
    return [values, places]
  }) as RefRule,
}
