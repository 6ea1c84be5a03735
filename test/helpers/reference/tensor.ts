/** Tensors of the float64 interpreter. */
import { type DType, type Node, type Shape, size } from '@shared/engine/graph'

/** Numbers in C order; integers and booleans (0 or 1) are kept as float64 too. */
export interface RefTensor {
  readonly shape: Shape
  readonly dtype: DType
  readonly data: Float64Array
}

/** Computes a node's outputs; `like(i)` gives an empty tensor of the i-th output's inferred type. */
export type RefRule = (at: {
  inputs: readonly RefTensor[]
  node: Node
  like: (output: number) => RefTensor
}) => readonly RefTensor[]

export const refTensor = (shape: Shape, dtype: DType, data?: ArrayLike<number>): RefTensor => ({
  shape,
  dtype,
  data: data ? Float64Array.from(data) : new Float64Array(size(shape)),
})

/** Distance in memory between neighbours along each axis. */
export function strides(shape: Shape): number[] {
  const steps = new Array<number>(shape.length)
  let step = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    steps[i] = step
    step *= shape[i]
  }
  return steps
}

/** Calls `visit` with every index of a shape in C order; the array is reused. */
export function eachIndex(shape: Shape, visit: (index: readonly number[], at: number) => void): void {
  const index = new Array<number>(shape.length).fill(0)
  const total = size(shape)
  for (let at = 0; at < total; at++) {
    visit(index, at)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) break
      index[axis] = 0
    }
  }
}

export const offset = (index: readonly number[], steps: readonly number[]): number =>
  index.reduce((sum, i, axis) => sum + i * steps[axis], 0)

/** Steps by which a tensor is read when it is broadcast to `to`: 0 where it is repeated. */
export function broadcastStrides(shape: Shape, to: Shape): number[] {
  const own = strides(shape)
  const extra = to.length - shape.length
  return to.map((_, axis) => (axis < extra || shape[axis - extra] === 1 ? 0 : own[axis - extra]))
}
