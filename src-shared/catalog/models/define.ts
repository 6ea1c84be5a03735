/** What a model file exports. */
import type { z } from 'zod'
import type { ModelInput } from '../../domain/model-input'
import type { Value } from '../../engine/graph'
import type { Nn } from '../../engine/nn'
import type { Skeleton } from '../../domain/skeleton'
import type { TaskId } from '../../domain/task'

/** Output: what the loss of the model's task takes, e.g. DenseHead of a detector, logits [N, classes] of a classifier. */
export interface ModelDef<Output = unknown> {
  title: string
  task: TaskId
  /** Paper or specification. */
  source: string
  input: ModelInput
  /** Channels of its images where these are not three. */
  channels?(params: Record<string, unknown>): number
  /** Whether a graph is right for images of one size only; otherwise height and width can stay open. */
  fixedSize?(params: Record<string, unknown>): boolean
  /** Side in px of what a pixel of the result depends on, where convolutions alone do not tell: attention in windows. */
  fieldOfView?(params: Record<string, unknown>): number
  /** Image sides must be multiples of this. */
  stride: number
  params: z.ZodType
  /** Keys of the recipe that are read with this model and that its task's other models do not all read. */
  keys?: readonly string[]
  /** Peak learning rate of AdamW at batch 8 that served small data sets best. */
  learningRate: number
  /** The same from random weights, where another one was measured to serve better. */
  scratchRate?: number
  /** Builds the network on images [N, 3, H, W]; raw output for the loss. */
  build(nn: Nn, images: Value, options: { classes: number; params: Record<string, unknown> }): Output
  /** The inference output of what `build` returned. */
  output(built: Output): Value
  /** Points of each object that the output tells of behind its classes, as x, y and visibility; absent: none. */
  points?(params: Record<string, unknown>): number
  /** What differs by the parameters, such as the title and the pixels of an imported network. */
  resolve?(params: Record<string, unknown>): Partial<Pick<ModelDef, 'title' | 'input' | 'stride'>>
  /** Fills in what the parameters leave open, for input pictures of a side in px and the labels of the data. */
  complete?(
    params: Record<string, unknown>,
    side: number,
    labels: readonly { name: string; skeleton?: Skeleton | undefined }[],
  ): Record<string, unknown>
  /** Numbers that parameters and statistics have before any training, by name; all others are drawn. */
  initial?(params: Record<string, unknown>): Map<string, Float32Array>
  /** Parameters and statistics that lie before a node of an imported network. @throws `bad-recipe`. */
  before?(node: string, params: Record<string, unknown>): Set<string>
  /** Only with a file: it is in no list of models to choose from. */
  needsFile?: boolean
  /** Beginnings of parameter names from input to output, for layer-wise learning rates; absent: not known. */
  layers?: readonly string[]
  /** The model without what was added to it, by surgery or for another task: what files of other makers fit. */
  base?: ModelDef
  /**
   * Layers that a file of `base` lacks and what they start from instead, by the beginnings of their names: numbers that
   * are trained for a like purpose are a better start than random ones.
   */
  borrows?: Readonly<Record<string, string>>
  /** Known parameter counts, for the conformance test. */
  examples: readonly { classes: number; parameters: number; params?: Record<string, unknown> }[]
}

/** Channels of a model's images. */
export const channelsOf = (model: Pick<ModelDef, 'channels'>, params: Record<string, unknown> = {}): number =>
  model.channels?.(params) ?? 3

export const defineModel = <Output>(def: ModelDef<Output>): ModelDef<Output> => def
