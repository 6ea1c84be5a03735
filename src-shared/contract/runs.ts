/** Training runs and what is done with trained models. Every method that starts something long answers with a job. */
import { z } from 'zod'
import { splitSchema } from '../domain/split'
import { providerSchema } from '../domain/recipe'
import { scoreSchema } from '../domain/score'
import { skeletonSchema } from '../domain/skeleton'
import { taskSchema } from '../domain/task'
import { jobStatusSchema, startedJobSchema } from './jobs'
import { defineContract, noInput, noOutput } from './rpc'
import { levelsSchema } from './evaluation'
import {
  detectionSchema,
  evalThresholds,
  modelRefSchema,
  predictThresholds,
  restoreSchema,
  sliceSchema,
  thresholdsSchema,
} from './inference'
import { exportReportSchema } from './worker'

/** How good weights of a run are on its evaluation split: best: of all epochs of the moving average; ema: its end. */
export const weightsScoreSchema = z.object({ weights: z.enum(['best', 'ema', 'last', 'swa']), score: scoreSchema })
export type WeightsScore = z.infer<typeof weightsScoreSchema>

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

export const liveRunSchema = z.object({
  run: z.string(),
  /** `epoch 3 of 40`. */
  phase: z.string(),
  done: z.number(),
  total: z.number().nullable(),
  /** To the end of the run; null until enough steps were timed. */
  secondsLeft: z.number().nullable(),
  /** Steps of this run a second, over the last minute; null at first. */
  stepsPerSecond: z.number().nullable(),
  imagesPerSecond: z.number().nullable(),
  /** Share of the last epoch's time spent waiting for data, 0..1. */
  dataWait: z.number().nullable(),
  /** Of the worker process, bytes. */
  memory: z.number().nullable(),
})
export type LiveRun = z.infer<typeof liveRunSchema>

export const epochSampleSchema = z.object({
  sample: z.int(),
  name: z.string(),
  width: z.int(),
  height: z.int(),
  truths: z.array(
    z.object({
      label: z.int(),
      box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
      /** x, y, visibility of each point of a pose. */
      keypoints: z.array(z.tuple([z.number(), z.number(), z.number()])).optional(),
    }),
  ),
})

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
  /** Compared at its end; empty until then. */
  averages: z.array(weightsScoreSchema).default([]),
  /** While it runs: what is known about now. */
  live: liveRunSchema.nullable(),
  /** Its own evaluation when it ended; null until then. */
  evaluation: z.int().nullable(),
  checkpoints: z.array(
    z.object({
      kind: z.string(),
      step: z.int(),
      epoch: z.number(),
      score: z.number().nullable(),
      createdAt: z.string(),
    }),
  ),
})
export type Run = z.infer<typeof runSchema>

/** An id, a name, or `latest`. */
const runRef = z.string().min(1)

export const modelSourceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('run'), run: runRef, checkpoint: z.enum(['best', 'last']).default('best') }),
  modelRefSchema.options[1],
  modelRefSchema.options[2],
])
export type ModelSource = z.infer<typeof modelSourceSchema>

export const inferenceOptions = (thresholds: z.infer<typeof thresholdsSchema>) => ({
  conf: z.number().min(0).max(1).default(thresholds.conf),
  iou: z.number().min(0).max(1).default(thresholds.iou),
  maxDet: z.int().min(1).default(thresholds.maxDet),
  /** Poses: see thresholdsSchema. */
  oks: z.number().min(0).max(1).optional(),
  /** Side of the square slices in px, or how they are cut and merged; null: whole images. */
  slice: z
    .union([z.int().min(32), sliceSchema])
    .nullable()
    .default(null),
  classMap: z.record(z.string(), z.string()).nullable().default(null),
  provider: providerSchema.default('auto'),
})

export const runExportReportSchema = z.object({
  ...exportReportSchema.shape,
  /** Path of the zip; null: not asked for. */
  bundle: z.string().nullable(),
})
export type RunExportReport = z.infer<typeof runExportReportSchema>

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
  task: taskSchema,
  images: z.int(),
  detections: z.int(),
  failed: z.array(z.object({ file: z.string(), message: z.string() })),
  labels: z.array(z.string()),
  seconds: z.number(),
  thresholds: thresholdsSchema,
  out: z.string().nullable(),
  draw: z.string().nullable(),
  /** Of a denoiser, while this core runs: the first hundred images that a browser can show, before and after. */
  pictures: z.array(z.object({ name: z.string(), before: z.string(), after: z.string() })).default([]),
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
    list: {
      input: noInput,
      output: z.object({
        runs: z.array(runSummarySchema),
        /** Ids of runs that wait, in the order in which they will run. */
        waiting: z.array(z.string()),
      }),
    },
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
    /**
     * A series in at most `buckets` steps of equal width, so that a chart of any length stays small: smallest, largest,
     * mean and last value of each. Live curves go on with `metrics` from the cursor.
     */
    metricsSummary: {
      input: z.object({
        run: runRef,
        /** Default: all. */
        series: z.array(z.string()).optional(),
        buckets: z.int().min(2).max(5000).default(1000),
        /** Steps, both inclusive. */
        from: z.int().min(0).optional(),
        to: z.int().min(0).optional(),
      }),
      output: z.object({
        series: z.array(
          z.object({
            series: z.string(),
            /** Rows with a finite value. */
            count: z.int(),
            /** Columns of equal length, by rising step: the bucket's last step and epoch. */
            step: z.array(z.int()),
            epoch: z.array(z.number()),
            min: z.array(z.number()),
            max: z.array(z.number()),
            mean: z.array(z.number()),
            last: z.array(z.number()),
          }),
        ),
        cursor: z.int(),
      }),
    },
    /** Names of all series of a run. */
    series: { input: z.object({ run: runRef }), output: z.object({ series: z.array(z.string()) }) },
    /** Stops after the current step with a checkpoint; `resume` goes on. */
    pause: { input: z.object({ run: runRef }), output: noOutput },
    /** Ends the run after the current step and evaluates its best weights; `resume` can still go on. */
    stop: { input: z.object({ run: runRef }), output: noOutput },
    /** New order of runs that wait; those left out follow. */
    reorder: { input: z.object({ runs: z.array(z.string()).min(1) }), output: noOutput },
    /** Removes an ended run with its files. Throws `run-active`. */
    remove: { input: z.object({ run: runRef }), output: noOutput },
    /** Lines of the run's log after `after`. */
    log: {
      input: z.object({
        run: runRef,
        after: z.int().min(0).default(0),
        limit: z.int().min(1).max(10_000).default(1000),
      }),
      output: z.object({
        lines: z.array(z.object({ at: z.string(), level: z.string(), message: z.string() })),
        /** For the next `after`. */
        cursor: z.int(),
      }),
    },
    /**
     * A few fixed evaluation images, and what the model said about them after each epoch (detections from a score of .05
     * on, for a slider). `epochs` lists those that are there.
     */
    samples: {
      input: z.object({ run: runRef, epoch: z.int().min(0).optional() }),
      output: z.object({
        epochs: z.array(z.int()),
        /** The one answered: that asked for, else the newest; null when there is none. */
        epoch: z.int().nullable(),
        labels: z.array(z.object({ name: z.string(), color: z.string(), skeleton: skeletonSchema.optional() })),
        images: z.array(z.object({ ...epochSampleSchema.shape, detections: z.array(detectionSchema) })),
      }),
    },
    /**
     * Job result: Evaluation (contract/worker) with the `id` under which results.* has it. `snapshot: 'run'` evaluates on
     * the data frozen when the run began.
     */
    evaluate: {
      input: z.object({
        source: z.discriminatedUnion('kind', [
          ...modelSourceSchema.options,
          /** A file in COCO's result format, with this project's image and category ids. */
          z.object({ kind: z.literal('predictions'), file: z.string() }),
        ]),
        split: splitSchema.nullable().default('test'),
        snapshot: z.enum(['now', 'run']).default('now'),
        /** Denoisers only: noise levels in place of those that the run was trained on. */
        levels: levelsSchema.optional(),
        /** Denoisers only: ids of catalog/denoisers to measure on the same images. */
        methods: z.array(z.string()).max(8).optional(),
        ...inferenceOptions(evalThresholds),
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
        images: z.union([
          /** Of a folder, every image in it. */
          z.object({ files: z.array(z.string()).min(1) }),
          z.object({ split: splitSchema.nullable() }),
          z.object({ samples: z.array(z.int()).min(1) }),
        ]),
        out: z.string().nullable().default(null),
        draw: z.string().nullable().default(null),
        /** Denoisers only, and needed there. */
        restore: restoreSchema.optional(),
        ...inferenceOptions(predictThresholds),
      }),
      output: startedJobSchema,
    },
    /** Job result: RunExportReport. The thresholds count with `nms` only: they are built into the file. */
    export: {
      input: z.object({
        run: runRef,
        checkpoint: z.enum(['best', 'last']).default('best'),
        out: z.string(),
        nms: z.boolean().default(false),
        dynamic: z.boolean().default(false),
        half: z.boolean().default(false),
        /** Of the weights; written into the file's metadata. */
        licence: z.string().min(1).max(200).nullable().default(null),
        conf: z.number().min(0).max(1).default(predictThresholds.conf),
        iou: z.number().min(0).max(1).default(predictThresholds.iou),
        maxDet: z.int().min(1).default(predictThresholds.maxDet),
        /** Writes a zip beside the file too: the model, its card, and programs that use it. */
        bundle: z.boolean().default(false),
      }),
      output: startedJobSchema,
    },
    /**
     * What `slice: 'auto'` would take: from the sizes of the project's objects and the input of the run, or the usual 640
     * px of a file. `side`: median square root of the boxes' areas in px, null without objects.
     */
    suggestSlice: {
      input: z.object({ run: runRef.nullable().default(null) }),
      output: z.object({ size: z.int(), side: z.number().nullable(), objects: z.int() }),
    },
  },
  events: {
    changed: z.object({ run: z.string() }),
    /** New metric rows: ask `metrics` with the last cursor. */
    metrics: z.object({ run: z.string(), cursor: z.int() }),
    /** About once a second while a run runs. */
    live: liveRunSchema,
    predicted: z.object({ job: z.int(), image: predictedImageSchema }),
  },
})
