/** Every op's examples as small graphs with seeded numbers, for the gradient check and the runtime comparison. */
import { rng } from '@shared/base/rng'
import { type DType, Graph, type Op, type OpExample, type Value, size } from '@shared/engine/graph'
import { MaxPool, add, mul, ops, reduceSum } from '@shared/engine/ops'

/** Ops without examples of their own, and where they are covered instead. */
export const withoutExamples: Readonly<Record<string, string>> = {
  MaxPoolGrad: 'needs the pooled image of its own input; covered as the gradient of MaxPool',
}

/** Inputs that by definition receive no gradient although the output depends on them. */
const ungraded: Readonly<Record<string, readonly number[]>> = {
  Pow: [1],
  BceWithLogits: [1],
  BatchNormalization: [3, 4],
}
/** Outputs through which by definition no gradient flows: batch statistics feed running averages only. */
const unlossed: Readonly<Record<string, readonly number[]>> = { BatchNormTrain: [1, 2] }

export interface ExampleGraph {
  graph: Graph
  inputs: readonly Value[]
  outputs: readonly Value[]
  feeds: Record<string, number[]>
  /** A weighted sum of the float outputs; null when there are none. */
  loss: Value | null
  /** Inputs by which the loss can be differentiated. */
  graded: readonly Value[]
}

export const seededNumbers = (
  count: number,
  dtype: DType,
  low: number,
  high: number,
  ...seed: (number | string)[]
): number[] => {
  const random = rng(...seed)
  const draw = {
    float32: () => Math.fround(random.uniform(low, high)),
    float16: () => random.uniform(low, high),
    bool: () => random.int(0, 1),
    uint8: () => random.int(Math.max(0, low), Math.max(1, high)),
    int32: () => random.int(low, high),
    int64: () => random.int(low, high),
  }[dtype]
  return Array.from({ length: count }, draw)
}

export function buildExample(op: Op, example: OpExample): ExampleGraph {
  const graph = new Graph()
  const feeds: Record<string, number[]> = {}
  const inputs = example.inputs.map(({ shape, dtype = 'float32', low = -2, high = 2 }, i) => {
    const name = `x${i}`
    feeds[name] = seededNumbers(size(shape), dtype, low, high, op.name, i, JSON.stringify(example))
    return graph.input(name, shape, dtype)
  })
  const outputs = graph.apply(op, inputs, example.attrs)
  let loss: Value | null = null
  outputs.forEach((y, i) => {
    if (y.dtype !== 'float32' || unlossed[op.name]?.includes(i)) return
    const weights = graph.constant(seededNumbers(size(y.shape), 'float32', -1, 1, op.name, 'weight', i), y.shape)
    const part = reduceSum(
      mul(y, weights),
      y.shape.map((_, axis) => axis),
    )
    loss = loss ? add(loss, part) : part
  })
  const graded = inputs.filter((v, i) => v.dtype === 'float32' && !ungraded[op.name]?.includes(i))
  return { graph, inputs, outputs, feeds, loss, graded }
}

/** Pooling needs more than what one op's file states: windows of the kind that models use. */
const more: readonly [Op, OpExample][] = [
  [MaxPool, { inputs: [{ shape: [2, 3, 5, 7] }], attrs: { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } }],
  [MaxPool, { inputs: [{ shape: [1, 2, 9, 4] }], attrs: { kernel: [13, 13], strides: [1, 1], pads: [6, 6, 6, 6] } }],
]

/** [title, op, example] for every example of every op. */
export const opExamples: readonly [string, Op, OpExample][] = [
  ...Object.values(ops).flatMap((op) => op.examples.map((example): [Op, OpExample] => [op, example])),
  ...more,
].map(([op, example]) => [
  `${op.name}(${example.inputs.map((i) => `[${i.shape}]`).join(', ')}) ${JSON.stringify(example.attrs ?? {})}`,
  op,
  example,
])
