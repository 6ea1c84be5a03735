/** A block is one file: a part of a network that can be put after any stage of a model, or be used by a model's own file. */
import type { z } from 'zod'
import type { Shape, Value } from '../engine/graph'
import type { Nn } from '../engine/nn'

export interface BlockOptions {
  /**
   * True: the block starts as the identity, by parameters named `gain` that are zero at first (or as the paper itself
   * does), so that a trained network keeps its function at step 0. False: exactly the paper's block.
   */
  identity: boolean
  /** A second feature map, for blocks with `context`. */
  context?: Value | undefined
}

export interface BlockExample {
  input: Shape
  context?: Shape
  params?: Record<string, unknown>
  output: Shape
  /** Trainable numbers of the paper's block. */
  parameters: number
}

export interface Block<Params = Record<string, unknown>> {
  title: string
  group: 'attention' | 'convolution'
  /** Paper or specification. */
  source: string
  params: z.ZodType<Params>
  /** How it becomes the identity at step 0 when it is put into a model. */
  start: string
  /** Takes a second feature map. */
  context?: true
  /** @param x [N, C, H, W]. @throws `bad-recipe` when channels and parameters do not fit. */
  build(nn: Nn, x: Value, params: Params, options: BlockOptions): Value
  /** For the conformance tests; the first is small enough for central differences. */
  examples: readonly BlockExample[]
}

export const defineBlock = <Schema extends z.ZodType<object>>(
  block: Omit<Block<z.output<Schema>>, 'params'> & { params: Schema },
): Block => block as unknown as Block
