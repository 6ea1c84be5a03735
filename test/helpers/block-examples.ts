/** Every block's examples as small graphs with seeded numbers, for gradients, runtimes and PyTorch. */
import { blocks } from '@shared/catalog/blocks'
import type { Block, BlockExample } from '@shared/catalog/define-block'
import { Graph, type Value, size } from '@shared/engine/graph'
import { Nn, type ParamSpec } from '@shared/engine/nn'
import { add, mul, reduceSum, stopGradient } from '@shared/engine/ops'
import { seededNumbers } from './op-examples'

export interface BlockGraph {
  nn: Nn
  x: Value
  y: Value
  /** A weighted sum of the output. */
  loss: Value
  /** Inputs and parameters. */
  graded: Value[]
  /** Numbers of inputs, parameters and running statistics. */
  feeds: Record<string, number[]>
  params: ParamSpec[]
}

export const blockExamples: readonly [string, string, Block, BlockExample][] = blocks
  .entries()
  .flatMap(([id, block]) =>
    block.examples.map((example): [string, string, Block, BlockExample] => [
      `${id} [${example.input}] ${JSON.stringify(example.params ?? {})}`,
      id,
      block,
      example,
    ]),
  )

export function buildBlock(
  block: Block,
  { input, context, params }: BlockExample,
  { identity = false, training = true } = {},
): BlockGraph {
  const graph = new Graph()
  const nn = new Nn(graph, training)
  const x = graph.input('x', input)
  const other = context && graph.input('context', context)
  const y = block.build(nn, x, block.params.parse(params ?? {}), { identity, context: other })
  const weights = graph.constant(seededNumbers(size(y.shape), 'float32', -1, 1, block.title, 'loss'), y.shape)
  const axes = y.shape.map((_, i) => i)
  // The square makes the loss sensitive to what a norm or a softmax would hide from a plain sum.
  const loss = add(reduceSum(mul(y, weights), axes), mul(reduceSum(mul(mul(y, y), stopGradient(weights)), axes), 0.5))
  const feeds: Record<string, number[]> = {}
  const draw = (name: string, count: number, low: number, high: number) =>
    (feeds[name] = seededNumbers(count, 'float32', low, high, block.title, name))
  draw('x', size(input), -1.5, 1.5)
  if (context) draw('context', size(context), -1.5, 1.5)
  for (const { name, shape, role } of nn.params.values())
    draw(name, size(shape), role === 'norm' ? 0.5 : -0.6, role === 'norm' ? 1.5 : 0.6)
  for (const { name, shape } of nn.stats.values()) draw(name, size(shape), 0.5, 1.5)
  const graded = [x, ...(other ? [other] : []), ...[...nn.params.keys()].map((name) => graph.inputs.get(name)!)]
  return { nn, x, y, loss, graded, feeds, params: [...nn.params.values()] }
}
