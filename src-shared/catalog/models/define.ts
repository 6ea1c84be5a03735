/** What a model file exports. */
import type { z } from 'zod'
import type { ModelInput } from '../../domain/model-input'
import type { Value } from '../../engine/graph'
import type { Nn } from '../../engine/nn'
import type { DenseHead } from './yolox/head'

export interface ModelDef {
  title: string
  task: 'detect'
  /** Paper or specification. */
  source: string
  input: ModelInput
  /** Image sides must be multiples of this. */
  stride: number
  params: z.ZodType
  /** Peak learning rate of AdamW at batch 8 that served small data sets best. */
  learningRate: number
  /** Builds the network on images [N, 3, H, W]; raw output for the loss. */
  build(nn: Nn, images: Value, options: { classes: number; params: Record<string, unknown> }): DenseHead
  /** The inference output of what `build` returned. */
  output(head: DenseHead): Value
  /** Known parameter counts, for the conformance test. */
  examples: readonly { classes: number; parameters: number }[]
}

export const defineModel = (def: ModelDef): ModelDef => def
