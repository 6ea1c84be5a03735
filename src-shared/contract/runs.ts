/** Training runs and what is done with trained models. Every method that starts something long answers with a job. */
import { z } from 'zod'
import { splitSchema } from '../domain/split'
import { providerSchema } from '../domain/recipe'
import { jobStatusSchema, startedJobSchema } from './jobs'
import { defineContract, noInput, noOutput } from './rpc'
import { detectionSchema, evalThresholds, modelRefSchema, predictThresholds, thresholdsSchema } from './worker'

const scoreSchema = z.object({ epoch: z.number(), step: z.int(), AP: z.number(), AP50: z.number() })

export const runSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  status: jobStatusSchema,
  model: z.string(),
  /** ISO 8601, UTC; null while queued. */
  startedAt: z.string().nullable(),
  /** Epochs done. */
  epochs: z.number(),
  best: scoreSchema.nullable(),
})
export type RunSummary = z.infer<typeof runSummarySchema>

export const runSchema = z.object({
  ...runSummarySchema.shape,
  task: z.string(),
  job: z.int().nullable(),
  /** The resolved recipe; the given one until the worker has resolved it. */
  recipe: z.record(z.string(), z.unknown()),
  last: scoreSchema.nullable(),
  seconds: z.number().nullable(),
  imagesPerSecond: z.number().nullable(),
  dataWait: z.number().nullable(),
  error: z
    .object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()).optional() })
    .nullable(),
  finishedAt: z.string().nullable(),
  /** Absolute path of `runs/<id>`. */
  folder: z.string(),
})
export type Run = z.infer<typeof runSchema>

/** An id, a name, or `latest`. */
const runRef = z.string().min(1)

export const modelSourceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('run'), run: runRef, checkpoint: z.enum(['best', 'last']).default('best') }),
  modelRefSchema.options[1],
])
export type ModelSource = z.infer<typeof modelSourceSchema>

const inference = (thresholds: z.infer<typeof thresholdsSchema>) => ({
  conf: z.number().min(0).max(1).default(thresholds.conf),
  iou: z.number().min(0).max(1).default(thresholds.iou),
  maxDet: z.int().min(1).default(thresholds.maxDet),
  /** Side of the square slices in px; null: whole images. */
  slice: z.int().min(32).nullable().default(null),
  classMap: z.record(z.string(), z.string()).nullable().default(null),
  provider: providerSchema.default('auto'),
})

export const predictedImageSchema = z.object({
  id: z.int(),
  cocoImageId: z.int(),
  file: z.string(),
  width: z.int(),
  height: z.int(),
  detections: z.array(z.object({ ...detectionSchema.shape, name: z.string() })),
})
export type PredictedImage = z.infer<typeof predictedImageSchema>

export const predictResultSchema = z.object({
  images: z.int(),
  detections: z.int(),
  failed: z.array(z.object({ file: z.string(), message: z.string() })),
  labels: z.array(z.string()),
  seconds: z.number(),
  thresholds: thresholdsSchema,
  out: z.string().nullable(),
  draw: z.string().nullable(),
})
export type PredictResult = z.infer<typeof predictResultSchema>

export const runsContract = defineContract({
  methods: {
    /** Freezes the data into a snapshot and queues the training. Job result: TrainResult. */
    start: {
      input: z.object({
        /** Recipe keys as in domain/recipe; missing keys take their defaults. */
        recipe: z.record(z.string(), z.unknown()).default({}),
        name: z.string().min(1).max(100).optional(),
      }),
      output: z.object({ run: z.string(), job: z.int() }),
    },
    /** Continues an interrupted, failed or cancelled run from its last checkpoint. Job result: TrainResult. */
    resume: { input: z.object({ run: runRef }), output: z.object({ run: z.string(), job: z.int() }) },
    cancel: { input: z.object({ run: runRef }), output: noOutput },
    /** Oldest first. */
    list: { input: noInput, output: z.object({ runs: z.array(runSummarySchema) }) },
    get: { input: z.object({ run: runRef }), output: runSchema },
    rename: { input: z.object({ run: runRef, name: z.string().min(1).max(100) }), output: noOutput },
    /** Rows after the cursor in the order they were written; the answer's cursor asks for the next ones. */
    metrics: {
      input: z.object({
        run: runRef,
        after: z.int().min(0).default(0),
        limit: z.int().min(1).max(50_000).default(10_000),
      }),
      output: z.object({
        rows: z.array(z.object({ step: z.int(), epoch: z.number(), series: z.string(), value: z.number().nullable() })),
        cursor: z.int(),
      }),
    },
    /** Job result: Evaluation (contract/worker). Stored as a row of the project. */
    evaluate: {
      input: z.object({
        source: z.discriminatedUnion('kind', [
          ...modelSourceSchema.options,
          /** A file in COCO's result format, with this project's image and category ids. */
          z.object({ kind: z.literal('predictions'), file: z.string() }),
        ]),
        split: splitSchema.nullable().default('test'),
        ...inference(evalThresholds),
      }),
      output: startedJobSchema,
    },
    /**
     * On a split of the project, or on image files (no project needed unless the source is a run). Each image is told by
     * a `predicted` event; `out` receives all of them in COCO's result format, `draw` the pictures with boxes.
     * Job result: PredictResult.
     */
    predict: {
      input: z.object({
        source: modelSourceSchema,
        images: z.union([z.object({ files: z.array(z.string()).min(1) }), z.object({ split: splitSchema.nullable() })]),
        out: z.string().nullable().default(null),
        draw: z.string().nullable().default(null),
        ...inference(predictThresholds),
      }),
      output: startedJobSchema,
    },
    /** Job result: ExportReport (contract/worker). */
    export: {
      input: z.object({
        run: runRef,
        checkpoint: z.enum(['best', 'last']).default('best'),
        out: z.string(),
        nms: z.boolean().default(false),
        dynamic: z.boolean().default(false),
        half: z.boolean().default(false),
      }),
      output: startedJobSchema,
    },
  },
  events: {
    changed: z.object({ run: z.string() }),
    /** New metric rows: ask `metrics` with the last cursor. */
    metrics: z.object({ run: z.string(), cursor: z.int() }),
    predicted: z.object({ job: z.int(), image: predictedImageSchema }),
  },
})
