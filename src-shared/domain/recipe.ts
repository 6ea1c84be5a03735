/**
 * All that makes a run repeatable. The same keys appear in the form, in `--set key=value`, in presets and in files.
 * Unknown keys are errors with a suggestion. `'auto'` values are resolved before the run starts; what is stored and
 * hashed is the resolved recipe.
 */
import { z } from 'zod'
import { describeIssue } from '../base/describe-issue'
import { nearest } from '../base/registry'
import { TagwrightError } from '../base/errors'
import { noiseSchema } from './noise'
import { defaultModels, defaultSizes, importedModels, taskSchema } from './task'

const auto = z.literal('auto')
/** A catalog entry chosen by id, with its own parameters beside it; the catalog validates those. */
const plugin = z.looseObject({ id: z.string() })

export const providerSchema = z.enum(['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml'])
export type Provider = z.infer<typeof providerSchema>

export const recipeSchema = z.strictObject({
  schema: z.literal(1).default(1),
  task: taskSchema.default('detect'),
  model: z
    .strictObject({
      /** The task's own where it is not given; the path of an ONNX file puts a new head on that network. */
      id: z.string().default('yolox-nano'),
      params: z.record(z.string(), z.unknown()).default({}),
      /** Path of a checkpoint of this product or of an ONNX file to start from, or null for random weights. */
      weights: z.string().nullable().default(null),
      /** Blocks put after stages of the model, in this order; further keys of an entry are the block's parameters. */
      surgery: z.array(plugin.extend({ after: z.string(), context: z.string().optional() })).default([]),
    })
    .prefault({}),
  input: z
    .strictObject({
      /** Side of the square network input in pixels, a multiple of 32. */
      size: z.int().min(32).multipleOf(32).default(320),
      /** Sides are drawn per epoch from size +- this many steps of 32 px; 0 keeps the size. */
      multiScale: z.int().min(0).default(0),
    })
    .prefault({}),
  data: z
    .strictObject({
      trainSplits: z.array(z.enum(['train', 'val', 'test'])).default(['train']),
      evalSplit: z.enum(['train', 'val', 'test']).default('val'),
      /** Epochs between evaluations. 'auto': so many that no more images are evaluated than learned from. */
      evalEvery: z.union([auto, z.int().min(1)]).default('auto'),
      /** Side in px of slices that are learned from beside the whole images; 'auto': from the objects' sizes. */
      slice: z
        .union([auto, z.int().min(32)])
        .nullable()
        .default(null),
      /** Denoising only: crops of each image in an epoch. 'auto': as many as make 400 crops an epoch. */
      crops: z.union([auto, z.int().min(1).max(10_000)]).default('auto'),
    })
    .prefault({}),
  /** Denoising only: what makes clean images noisy. */
  noise: noiseSchema.prefault({}),
  augment: z.union([auto, z.array(plugin)]).default('auto'),
  loss: z
    .strictObject({
      iou: z.enum(['iou', 'giou']).default('iou'),
      /** Classification only: share of the target that is spread over all classes. */
      smoothing: z.number().min(0).max(1).default(0.1),
      /** Denoising only: distances between images, added with their weights. 'auto': Charbonnier. */
      terms: z
        .union([auto, z.array(z.strictObject({ id: z.string(), weight: z.number().positive().optional() })).min(1)])
        .default('auto'),
      /** Poses only: exponent of the similarity of points, COCO's or that of YOLO-pose's code, which is twice as large. */
      oks: z.enum(['coco', 'yolo-pose']).default('coco'),
      /** Poses only: weights of similarity, distance (in roots of the box's area) and visibility of points; boxes have 5. */
      points: z.number().min(0).default(10),
      pointL1: z.number().min(0).default(5),
      visibility: z.number().min(0).default(1),
      /** KAPAO only: weight of the distance of points, in strides; half that of boxes, as in the article's code. */
      keypoints: z.number().min(0).default(2.5),
      /** Last epochs without mosaic and mixup, with the L1 term. 'auto': a tenth of the epochs. */
      closeEpochs: z.union([auto, z.int().min(0)]).default('auto'),
    })
    .prefault({}),
  optimizer: z
    .strictObject({
      /** A file of catalog/optimizers. 'auto': AdamW. */
      id: z.union([auto, z.string()]).default('auto'),
      /** Peak learning rate. 'auto': by model, batch and data size. */
      lr: z.union([auto, z.number().positive()]).default('auto'),
      momentum: z.number().min(0).max(1).default(0.9),
      beta2: z.number().min(0).max(1).default(0.999),
      weightDecay: z.union([auto, z.number().min(0)]).default('auto'),
      /** Global gradient-norm limit; 0 is off. */
      clip: z.number().min(0).default(0),
      /** Learning-rate factors for parameters whose name starts with `prefix`; the first match counts. */
      groups: z.array(z.strictObject({ prefix: z.string(), lr: z.number().min(0) })).default([]),
      /** Each layer's rate is this factor times that of the layer after it; 1 is off. */
      layerDecay: z.number().positive().max(1).default(1),
      /** Share of the epochs after which SGD takes over; null never. */
      switchAt: z.number().min(0).max(1).nullable().default(null),
      /** Peak learning rate of SGD then. 'auto': what SGD has on its own. */
      switchLr: z.union([auto, z.number().positive()]).default('auto'),
    })
    .prefault({}),
  schedule: z
    .strictObject({
      /** A file of catalog/schedules. */
      id: z.string().default('cosine'),
      /** Epochs of quadratic warm-up from 0; may be fractional. 'auto': min(3, a tenth of the epochs). */
      warmup: z.union([auto, z.number().min(0)]).default('auto'),
      /** Final learning rate as a fraction of the peak. */
      final: z.number().min(0).max(1).default(0.05),
      /** Step schedule only: fractions of the run at which the rate is multiplied by `gamma`. */
      milestones: z.array(z.number()).default([0.6, 0.85]),
      gamma: z.number().default(0.1),
    })
    .prefault({}),
  averages: z
    .strictObject({
      ema: z
        .strictObject({
          /** Limit of the decay. 'auto': by run length. */
          decay: z.union([auto, z.number().min(0).max(1)]).default('auto'),
          /** Time constant of the ramp d(u) = decay (1 - exp(-u / tau)), in steps. 'auto': by run length. */
          tau: z.union([auto, z.number().positive()]).default('auto'),
        })
        .prefault({}),
      /** Stochastic weight averaging, beside the moving average. */
      swa: z
        .strictObject({
          /** Share of the epochs after which weights are averaged; null is off. */
          start: z.number().min(0).max(0.99).nullable().default(null),
          /** Learning rate from then on, as a share of the peak. */
          lr: z.number().positive().max(1).default(0.5),
          /** Epochs in which the rate falls from `lr` to the schedule's final one, over and over; 0 keeps it constant. */
          cycle: z.int().min(0).default(0),
        })
        .prefault({}),
    })
    .prefault({}),
  epochs: z.union([auto, z.int().min(1)]).default('auto'),
  batch: z
    .strictObject({ size: z.union([auto, z.int().min(1)]).default('auto'), accumulate: z.int().min(1).default(1) })
    .prefault({}),
  /**
   * Parameters whose name starts with one of these prefixes are not trained; norms there keep their statistics.
   * `before:<node>` is all that lies before a node of an imported network. `prefix@3` holds for the first three epochs.
   */
  freeze: z.array(z.string()).default([]),
  /** Frozen layers that see the images are a trunk; what it makes of an image can be kept on disk. */
  features: z
    .strictObject({
      /** 'auto': kept while all of them take at most 4 GB. */
      cache: z.union([auto, z.boolean()]).default('auto'),
      /** Augmented variants of each image that are kept and take turns. */
      variants: z.int().min(1).default(4),
    })
    .prefault({}),
  /** Stop when the score has not risen for this many epochs; 0 is off. */
  patience: z.int().min(0).default(0),
  seed: z.int().default(0),
  provider: providerSchema.default('auto'),
})
export type Recipe = z.infer<typeof recipeSchema>
export type RecipeInput = z.input<typeof recipeSchema>

/** Validates a recipe; the message names the key, the value and, for an unknown key, the nearest known one. */
export function parseRecipe(input: unknown): Recipe {
  const result = recipeSchema.safeParse(input)
  if (result.success) {
    const { task, model } = result.data
    const named = (input as { model?: { id?: unknown } } | undefined)?.model?.id !== undefined
    const sized = (input as { input?: { size?: unknown } } | undefined)?.input?.size !== undefined
    if (!sized) result.data.input.size = defaultSizes[task]
    // A file is as good a name as that of the model which stands on it.
    if (/\.onnx$/i.test(model.id)) {
      const id = importedModels[task]
      if (!id)
        throw new TagwrightError(
          'bad-recipe',
          `The task "${task}" puts no new head on a network from a file. Choose a model, e.g. ${defaultModels[task]}, and start from the file's weights with --weights.`,
          { task, model: model.id },
        )
      return { ...result.data, model: { ...model, id, params: { ...model.params, file: model.id } } }
    }
    return named ? result.data : { ...result.data, model: { ...model, id: defaultModels[task] } }
  }
  const issue = result.error.issues[0]
  const at = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]
    const known = knownKeys(issue.path.map(String))
    const hint = nearest(key, known)
    const full = [...issue.path, key].join('.')
    throw new TagwrightError(
      'bad-recipe',
      `The recipe has no key "${full}".${hint ? ` Did you mean "${[...issue.path, hint].join('.')}"?` : ''} Known here: ${known.join(', ')}.`,
      { key: full, known },
    )
  }
  throw new TagwrightError('bad-recipe', `Recipe key "${at}" ${describeIssue(issue, input)}`, { key: at })
}

function knownKeys(path: string[]): string[] {
  let node: unknown = recipeSchema.parse({})
  for (const key of path) node = (node as Record<string, unknown> | undefined)?.[key]
  return node && typeof node === 'object' ? Object.keys(node) : []
}
