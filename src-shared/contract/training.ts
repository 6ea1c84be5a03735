/** Before a run: the recipe's form, models, presets, health of the data, estimates, and what augmented images look like. */
import { z } from 'zod'
import { startedJobSchema } from './jobs'
import { defineContract, noInput, noOutput } from './rpc'

const recipe = z.record(z.string(), z.unknown())

/** One key of the recipe as a form shows it. */
export const recipeFieldSchema = z.object({
  /** Dotted, as in `--set`: `optimizer.lr`. */
  key: z.string(),
  title: z.string(),
  help: z.string(),
  /** `model`, `data`, `length`, `augment`, `optimizer`, `schedule`, `loss`, `machine`. */
  group: z.string(),
  /** list: of text; json: anything else. */
  kind: z.enum(['integer', 'number', 'boolean', 'choice', 'choices', 'text', 'list', 'json']),
  unit: z.string().nullable(),
  default: z.unknown(),
  /** The value `auto` is allowed. */
  auto: z.boolean(),
  nullable: z.boolean(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  /** Values are multiples of this. */
  step: z.number().nullable(),
  choices: z.array(z.object({ value: z.string(), title: z.string() })).nullable(),
  /** Folded away at first. */
  advanced: z.boolean(),
  /** Only read while each of these keys has one of the values; null: always. */
  when: z.record(z.string(), z.array(z.string())).nullable(),
})
export type RecipeField = z.infer<typeof recipeFieldSchema>

export const modelInfoSchema = z.object({
  id: z.string(),
  title: z.string(),
  task: z.string(),
  source: z.string(),
  parameters: z.int(),
  /** 1e9 multiply-adds for one image of the size. */
  gmacs: z.number(),
  /** Side in px of what the deepest output cell sees. */
  receptiveField: z.int(),
  stride: z.int(),
  /** Of the weights as float32, bytes. */
  bytes: z.int(),
})
export type ModelInfo = z.infer<typeof modelInfoSchema>

export const presetSchema = z.object({
  id: z.enum(['quick', 'balanced', 'accurate']),
  title: z.string(),
  help: z.string(),
  recipe,
})

/** Something about the data that training would suffer from. */
export const findingSchema = z.object({
  /** Stable: `no-labels`, `empty-class`, `few-objects`, `imbalance`, `no-val`, `missing-images`, `leakage`... */
  code: z.string(),
  /** problem: training will fail or its scores mean nothing. */
  level: z.enum(['problem', 'warning', 'advice']),
  message: z.string(),
  /** What to do. */
  advice: z.string(),
  /** Of `healthWords`, with what stands in its places: a window says it in another language. */
  key: z.string(),
  values: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])),
  /** Label ids. */
  labels: z.array(z.int()),
  /** At most 200 sample ids to look at. */
  samples: z.array(z.int()),
  /** Of all samples concerned. */
  count: z.int(),
})
export type Finding = z.infer<typeof findingSchema>

export const duplicatePairSchema = z.object({
  a: z.int(),
  b: z.int(),
  /** Bits of the 64-bit difference hash that differ; 0 with `identical`. */
  distance: z.int(),
  identical: z.boolean(),
  splits: z.tuple([z.string().nullable(), z.string().nullable()]),
})

export const healthSchema = z.object({
  findings: z.array(findingSchema),
  images: z.object({ train: z.int(), val: z.int(), test: z.int(), none: z.int() }),
  /** Per label: objects and images in each split. */
  labels: z.array(
    z.object({ id: z.int(), name: z.string(), train: z.int(), val: z.int(), test: z.int(), none: z.int() }),
  ),
  /** Samples whose content is not hashed yet: `findDuplicates` hashes them. */
  unhashed: z.int(),
})
export type Health = z.infer<typeof healthSchema>

export const estimateSchema = z.object({
  provider: z.string(),
  /** Measured on this machine, by batch size; those that do not fit into memory have a null. */
  batches: z.array(
    z.object({
      batch: z.int(),
      /** Of one training step; null: out of memory. */
      seconds: z.number().nullable(),
      imagesPerSecond: z.number().nullable(),
      /** Peak of the worker process, bytes. */
      memory: z.number().nullable(),
    }),
  ),
  /** The batch that is fastest per image within the memory. */
  autoBatch: z.int().nullable(),
  /** For the recipe's own batch: an epoch, the whole run. Data loading and evaluation are on top. */
  epochSeconds: z.number().nullable(),
  totalSeconds: z.number().nullable(),
  epochs: z.int(),
  trainImages: z.int(),
  /** Nothing was measured again. */
  cached: z.boolean(),
})
export type Estimate = z.infer<typeof estimateSchema>

export const savedRecipeSchema = z.object({ name: z.string(), recipe, savedAt: z.string() })

export const trainingContract = defineContract({
  methods: {
    form: {
      input: noInput,
      output: z.object({
        fields: z.array(recipeFieldSchema),
        presets: z.array(presetSchema),
        /** Entries of the recipe's `augment` list; keys of `fields` are relative to the entry. */
        augments: z.array(z.object({ id: z.string(), title: z.string(), fields: z.array(recipeFieldSchema) })),
        /** All defaults. */
        defaults: recipe,
      }),
    },
    models: {
      input: z.object({
        size: z.int().min(32).multipleOf(32).default(320),
        /** Default: the project's number of labels, or 80. */
        classes: z.int().min(1).optional(),
      }),
      output: z.object({ models: z.array(modelInfoSchema) }),
    },
    /** Throws `bad-recipe`. Answers the recipe with defaults filled in. */
    check: { input: z.object({ recipe }), output: z.object({ recipe }) },
    diff: {
      input: z.object({ a: recipe, b: recipe }),
      output: z.object({ keys: z.array(z.object({ key: z.string(), a: z.unknown(), b: z.unknown() })) }),
    },
    /** The command line that starts the same run. */
    command: {
      input: z.object({ recipe, name: z.string().optional() }),
      output: z.object({ command: z.string() }),
    },
    /** Kept in the project's folder `recipes`. */
    recipes: { input: noInput, output: z.object({ recipes: z.array(savedRecipeSchema) }) },
    saveRecipe: {
      input: z.object({ name: z.string().regex(/^[^/\\:*?"<>|.][^/\\:*?"<>|]{0,79}$/, 'is no file name'), recipe }),
      output: noOutput,
    },
    removeRecipe: { input: z.object({ name: z.string() }), output: noOutput },
    /** Answers at once, from the rows that are there. */
    health: {
      input: z.object({
        trainSplits: z.array(z.enum(['train', 'val', 'test'])).default(['train']),
        evalSplit: z.enum(['train', 'val', 'test']).default('val'),
      }),
      output: healthSchema,
    },
    /**
     * Reads the images that have no hash yet and looks for equal and near-equal ones (64-bit dHash, at most 4 bits
     * apart). Job result: {pairs: DuplicatePair[] (first 1,000), total, acrossSplits, findings}. `health` then knows.
     */
    findDuplicates: { input: noInput, output: startedJobSchema },
    /** Runs a few training steps on this machine for each batch size; answers are kept. Job result: Estimate. */
    estimate: {
      input: z.object({
        recipe,
        /** Default: the recipe's batch, or 1, 2, 4, 8, 16 when that is `auto`. */
        batches: z.array(z.int().min(1).max(256)).max(8).optional(),
      }),
      output: startedJobSchema,
    },
    /** How long a run would be whose epochs are left open, and why. `trial`: what was measured on about as many images. */
    advise: {
      input: z.object({ recipe }),
      output: z.object({
        /** Training images of the recipe's splits. */
        images: z.int(),
        epochs: z.int(),
        steps: z.int(),
        amount: z.enum(['few', 'small', 'large']),
        fromWeights: z.boolean(),
        trial: z.object({ images: z.int(), steps: z.int(), AP50: z.number() }).nullable(),
        /** All of it in English. */
        text: z.string(),
      }),
    },
    /** Draws augmented training batches. Job result: {images: [{url, width, height}]}. */
    preview: {
      input: z.object({ recipe, batches: z.int().min(1).max(4).default(1), batch: z.int().min(1).max(16).default(16) }),
      output: startedJobSchema,
    },
  },
})
