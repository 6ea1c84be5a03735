/** What all denoisers share: images of any number of planes, values 0..1, the same shape in and out. */
import { z } from 'zod'
import { describeIssue } from '../../../base/describe-issue'
import { TagwrightError } from '../../../base/errors'
import type { ModelInput } from '../../../domain/model-input'
import type { Value } from '../../../engine/graph'
import type { Init, Nn } from '../../../engine/nn'
import { type ModelDef, defineModel } from '../define'

/** Bytes become 0..1; there is no border, because images are never fitted into a square. */
export const denoiserInput: ModelInput = {
  order: 'RGB',
  range: 1,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  pad: 0,
  align: 'topleft',
}

/**
 * Of the last convolution before the noisy image is added: nearly nothing, so that a new denoiser returns about what it
 * gets. With usual weights behind norms its first output is three times as noisy as its input, and an epoch goes by
 * before that is unlearned.
 */
export const quiet = (channels: number, kernel: number): Init => ({
  kind: 'uniform',
  bound: 0.05 / Math.sqrt(channels * kernel * kernel),
})

/** 1: grey, 3: RGB, 4: the planes of a Bayer mosaic. */
export const channelsParam = z.int().min(1).max(16).default(3)

export interface Denoiser<P extends { channels: number }> {
  title: string
  source: string
  /** Image sides must be multiples of this. */
  stride: number
  strideOf?(params: P): number
  fixedSize?(params: P): boolean
  fieldOfView?(params: P): number
  learningRate: number
  params: z.ZodType<P>
  build(nn: Nn, images: Value, params: P): Value
  examples: ModelDef['examples']
}

/** A model of the task `denoise`: the output is the clean image, as it is. */
export function defineDenoiser<P extends { channels: number }>(def: Denoiser<P>): ModelDef<Value> {
  const { title, source, stride, learningRate, params, examples } = def
  const parse = (given: unknown): P => {
    const result = params.safeParse(given)
    if (result.success) return result.data
    const [issue] = result.error.issues
    const key = ['model.params', ...issue.path, ...(issue.code === 'unrecognized_keys' ? issue.keys : [])].join('.')
    const what = issue.code === 'unrecognized_keys' ? 'is not known. Take it out.' : describeIssue(issue, given)
    throw new TagwrightError('bad-recipe', `Recipe key "${key}" ${what}`, { key })
  }
  return defineModel<Value>({
    title,
    task: 'denoise',
    source,
    input: denoiserInput,
    stride,
    learningRate,
    params,
    examples,
    channels: (given) => parse(given).channels,
    fixedSize: (given) => def.fixedSize?.(parse(given)) ?? false,
    ...(def.fieldOfView && { fieldOfView: (given) => def.fieldOfView!(parse(given)) }),
    resolve: (given) => (def.strideOf ? { stride: def.strideOf(parse(given)) } : {}),
    build: (nn, images, options) => def.build(nn, images, parse(options.params)),
    output: (clean) => clean,
  })
}
