/**
 * Between the core and a worker process: everything that loads ONNX Runtime happens there, so that a native crash or an
 * exhausted memory costs one job and never the project. The wire is `child_process.fork` with advanced serialization.
 * A worker runs one call at a time and reports by events; `heartbeat` comes every two seconds by itself. Metric rows go
 * the other way round as calls of `host`, so that the worker knows that they are stored before it writes a checkpoint:
 * a run that continues from that checkpoint then has neither a gap nor a double row.
 */
import { z } from 'zod'
import { shapeSchema, flagsSchema } from '../domain/annotation'
import { modelInputSchema } from '../domain/model-input'
import { providerSchema } from '../domain/recipe'
import { scoreSchema } from '../domain/score'
import { skeletonSchema } from '../domain/skeleton'
import type { SnapshotSample } from '../domain/snapshot'
import { taskSchema } from '../domain/task'
import { evaluationSchema, levelsSchema } from './evaluation'
import {
  concreteSliceSchema,
  detectionSchema,
  imageDetectionsSchema,
  modelRefSchema,
  predictThresholds,
  restoreSchema,
  thresholdsSchema,
} from './inference'
import { measuredCurvesSchema } from './measured-curves'
import { featureMapsSchema, networkSchema } from './models'
import { defineContract, noInput, noOutput } from './rpc'
import { providerProbeSchema } from './system'

/** A number as measured: NaN and infinities are passed on, the core decides. */
const measured = z.custom<number>((value) => typeof value === 'number', 'must be a number')

export const metricSchema = z.object({
  /** Optimizer steps done so far. */
  step: z.int().min(0),
  epoch: z.number().min(0),
  series: z.string(),
  value: measured,
})

/** A network that is looked at: a file, or what a recipe builds. */
const networkRefSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('file'), file: z.string() }),
  z.object({
    kind: z.literal('model'),
    /** As a user gives it. */
    recipe: z.record(z.string(), z.unknown()),
    classes: z.int().min(1),
    /** Whose own copy of an imported network, and whose weights, are read; null: there is no run. */
    runDir: z.string().nullable(),
  }),
])

export const workerLabelSchema = z.object({ name: z.string(), cocoId: z.int() })

export const workerAnnotationSchema = z.object({
  id: z.int(),
  /** Label index. */
  label: z.int(),
  shape: shapeSchema,
  flags: flagsSchema,
  area: z.number(),
})

export const workerImageSchema = z.object({
  id: z.int(),
  /** Absolute path. */
  file: z.string(),
  cocoImageId: z.int(),
})

const namedImageSchema = z.object({
  id: z.int(),
  /** Absolute path. */
  file: z.string(),
})
const inference = {
  model: modelRefSchema,
  /** The project's labels in index order; null: no project, the model's own names are used. */
  labels: z.array(workerLabelSchema).nullable(),
  /**
   * Model class -> label. Keys are the model's class names or indexes, values label names. null: by name when the file
   * has names, by index when the counts are equal or the file has the 80 COCO classes, else error `class-map-needed`.
   */
  classMap: z.record(z.string(), z.string()).nullable().default(null),
  ...thresholdsSchema.shape,
  slice: concreteSliceSchema.nullable().default(null),
  provider: providerSchema.default('auto'),
}

const inferenceModel = z.object({
  model: inference.model,
  labels: inference.labels,
  classMap: inference.classMap,
  provider: inference.provider,
})

export const trainResultSchema = z.object({
  /** `stopped`: early stopping; `cancelled`: the signal, after a checkpoint was written. */
  status: z.enum(['done', 'stopped', 'cancelled']),
  /** The best epoch's evaluation, null when none was evaluated. */
  best: scoreSchema.nullable(),
  last: scoreSchema.nullable(),
  /** Wall time of this call. */
  seconds: z.number(),
  /** Training steps only, from the second epoch where there is one. */
  imagesPerSecond: z.number(),
  /** Share of the wall time that the loop waited for data, 0..1. */
  dataWait: z.number(),
})
export type TrainResult = z.infer<typeof trainResultSchema>

/** Exported file against the training graph's eval forward on the same images. */
export const exportReportSchema = z.object({
  file: z.string(),
  /** Size of the file. */
  bytes: z.int(),
  opset: z.int(),
  input: z.array(z.union([z.int(), z.string()])),
  output: z.array(z.union([z.int(), z.string()])),
  parity: z.object({
    images: z.int(),
    /** Largest difference of a box coordinate (px) and of a score among detections above .1. */
    maxBoxError: z.number(),
    maxScoreError: z.number(),
    /** Largest absolute difference of the raw output. */
    maxError: z.number(),
    /** Single precision: equal but for rounding. Half: see {@link keepsAccuracy}; differences stand above. */
    ok: z.boolean(),
  }),
  /** `--half` only: AP (classifiers: top-1) on the evaluation split before and after; below 0 where nothing can be measured. */
  half: z.object({ apFull: z.number(), apHalf: z.number() }).nullable().default(null),
})
export type ExportReport = z.infer<typeof exportReportSchema>

/** What half precision may lose of the score. */
export const halfLoss = 0.01
/**
 * Half precision is judged by what it costs: scores of near boxes swap places within its rounding, so that single
 * detections differ by whole boxes where the accuracy is the same. null: nothing could be measured.
 */
export const keepsAccuracy = (half: ExportReport['half']): boolean | null =>
  half === null || half.apFull < 0 ? null : half.apHalf >= half.apFull - halfLoss

/** Gzipped JSON, boxes only: what an evaluation says beside its table, and every object it was made of. */
const detailFiles = {
  /** evaluation/analyze-evaluation. */
  analysis: z.string().nullable().default(null),
  /** evaluation/object-set. */
  objects: z.string().nullable().default(null),
}

export const workerContract = defineContract({
  methods: {
    /** Tries every provider with a small program. */
    probe: {
      input: noInput,
      output: z.object({
        versions: z.record(z.string(), z.string().nullable()),
        providers: z.array(providerProbeSchema),
      }),
    },
    /**
     * Trains until the recipe's end, early stop or abort. Writes into `runDir`: recipe.json (resolved), results.csv,
     * last.ckpt, best.ckpt, plots/. With `resume` it continues from last.ckpt and its recipe.json; `recipe` is ignored.
     * Aborting the call stops between steps, writes last.ckpt and answers with status `cancelled`.
     */
    train: {
      input: z.object({
        runDir: z.string(),
        /** As given by the user, parsed; 'auto' values are resolved by the worker. */
        recipe: z.record(z.string(), z.unknown()),
        /** Path of snapshot.jsonl.gz. */
        snapshot: z.string(),
        resume: z.boolean(),
        /** A checkpoint of this product, or an ONNX file, to start from. */
        weights: z.string().nullable(),
        /** Folder for what may be deleted at any time, such as the features of frozen layers. */
        cacheDir: z.string().nullable().default(null),
      }),
      output: trainResultSchema,
    },
    /** Keeps a detector for `detect`; one that was kept before is closed. It ends with the process. */
    openDetector: {
      input: inferenceModel,
      output: z.object({
        labels: z.array(z.string()),
        dropped: z.array(z.string()),
        /** By label: names of its points, and pairs of them that are joined; null: the model tells no points of it. */
        skeletons: z.array(
          z.object({ names: z.array(z.string()), edges: z.array(z.tuple([z.int(), z.int()])) }).nullable(),
        ),
        input: z.object({ width: z.int(), height: z.int() }),
      }),
    },
    /** One encoded picture (JPEG, PNG, WebP...) for the detector that is kept. */
    detect: {
      input: z.object({
        image: z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes'),
        ...thresholdsSchema.shape,
      }),
      output: z.object({ width: z.int(), height: z.int(), detections: z.array(detectionSchema), seconds: z.number() }),
    },
    /** Detections come as `detections` events, one per image in the order given; the answer counts them. */
    predict: {
      input: z.object({
        ...inference,
        images: z.array(workerImageSchema),
        /** Denoisers only, and needed there: where clean images go, and the stored numbers that mean 0 and 1. */
        restore: restoreSchema.optional(),
      }),
      output: z.object({
        task: taskSchema.default('detect'),
        images: z.int(),
        /** Of a classifier: classes told, as boxes around the whole image. */
        detections: z.int(),
        /** Images that could not be read. */
        failed: z.array(z.object({ id: z.int(), file: z.string(), message: z.string() })),
        /** The names that detections' `label` indexes. */
        labels: z.array(z.string()),
        seconds: z.number(),
        thresholds: thresholdsSchema,
      }),
    },
    /**
     * Predicts on one split of a snapshot and evaluates as pycocotools does. Writes `predictions` (COCO result format)
     * when a path is given.
     */
    evaluate: {
      input: z.object({
        ...inference,
        snapshot: z.string(),
        split: z.enum(['train', 'val', 'test']).nullable(),
        predictions: z.string().nullable().default(null),
        /** Folder for curves and the confusion matrix as CSV. */
        plots: z.string().nullable().default(null),
        /** Denoisers only: noise levels in place of the run's own, and a folder for pictures. */
        levels: levelsSchema.optional(),
        /** Denoisers only: ids of catalog/denoisers to measure on the same images. */
        methods: z.array(z.string()).max(8).optional(),
        pictures: z.string().optional(),
        ...detailFiles,
      }),
      output: evaluationSchema,
    },
    /** Evaluates a file in COCO's result format against one split of a snapshot. */
    score: {
      input: z.object({
        snapshot: z.string(),
        split: z.enum(['train', 'val', 'test']).nullable(),
        predictions: z.string(),
        iouType: z.enum(['bbox', 'segm', 'keypoints']).default('bbox'),
        ...detailFiles,
      }),
      output: evaluationSchema,
    },
    /** Times a few training steps of one batch size; `seconds` is null when it does not fit into memory. */
    measure: {
      input: z.object({
        recipe: z.record(z.string(), z.unknown()),
        /** Training images and classes of the project: 'auto' values depend on them. */
        images: z.int().min(1),
        classes: z.int().min(1),
        /** The project's labels, where the model depends on their skeletons. */
        labels: z.array(z.object({ name: z.string(), skeleton: skeletonSchema.optional() })).default([]),
        batch: z.int().min(1),
      }),
      output: z.object({
        provider: z.string(),
        epochs: z.int(),
        seconds: z.number().nullable(),
        /** Of this process at its largest, bytes. */
        memory: z.number().nullable(),
      }),
    },
    /**
     * One round of training while somebody labels: opens the model at the first call and keeps it, learns for some
     * seconds, stores `last.ckpt` and `best.ckpt`, and predicts.
     */
    refreshHead: {
      input: z.object({
        runDir: z.string(),
        recipe: z.record(z.string(), z.unknown()),
        /** What the first round begins from. */
        weights: z.string(),
        /** Of the project, in index order. */
        labels: z.array(
          z.object({ name: z.string(), cocoId: z.int(), color: z.string(), skeleton: skeletonSchema.optional() }),
        ),
        /** Every image to learn from. */
        samples: z.custom<SnapshotSample[]>((value) => Array.isArray(value), 'must be a list'),
        /** Of a round, with features and predictions; the first one, which opens the model, learns for so long. */
        seconds: z.number().positive(),
        images: z.array(namedImageSchema),
      }),
      output: z.object({
        steps: z.int(),
        loss: measured,
        images: z.int(),
        /** Images that the trunk had to look at. */
        computed: z.int(),
        seconds: z.object({ open: z.number(), features: z.number(), train: z.number(), predict: z.number() }),
        detections: z.array(imageDetectionsSchema),
      }),
    },
    /** The model of the last round looks at more images. */
    predictKept: {
      input: z.object({ images: z.array(namedImageSchema) }),
      output: z.object({ detections: z.array(imageDetectionsSchema) }),
    },
    /** Short runs on parts of the training images, and the curves through their scores; `seconds` allows for more draws. */
    learnCurves: {
      input: z.object({
        /** Folder for what the start leaves behind. */
        runDir: z.string(),
        recipe: z.record(z.string(), z.unknown()),
        snapshot: z.string(),
        /** null: the recipe's model is a network from a file. */
        weights: z.string().nullable(),
        cacheDir: z.string(),
        seconds: z.number().positive(),
      }),
      output: measuredCurvesSchema,
    },
    /** What models.describe answers. */
    describeNetwork: {
      input: z.object({ source: networkRefSchema, side: z.int().optional() }),
      output: networkSchema,
    },
    /** What models.featureMaps answers, with the numbers in the file `out`. */
    featureMaps: {
      input: z.object({
        source: networkRefSchema,
        node: z.int().min(0),
        output: z.int().min(0),
        /** Absolute path. */
        image: z.string(),
        side: z.int().optional(),
        pixels: modelInputSchema.optional(),
        out: z.string(),
      }),
      output: featureMapsSchema.omit({ url: true }),
    },
    /** Writes `train_batch0.jpg`...: augmented batches with their boxes. */
    preview: {
      input: z.object({
        recipe: z.record(z.string(), z.unknown()),
        snapshot: z.string(),
        /** Folder. */
        out: z.string(),
        batches: z.int().min(1),
        batch: z.int().min(1),
      }),
      output: z.object({ images: z.array(z.object({ file: z.string(), width: z.int(), height: z.int() })) }),
    },
    exportOnnx: {
      input: z.object({
        runDir: z.string(),
        checkpoint: z.enum(['best', 'last']).default('best'),
        /** Written atomically. */
        out: z.string(),
        nms: z.boolean().default(false),
        dynamic: z.boolean().default(false),
        half: z.boolean().default(false),
        /** The metadata key `license`. */
        licence: z.string().nullable().default(null),
        conf: z.number().min(0).max(1).default(predictThresholds.conf),
        iou: z.number().min(0).max(1).default(predictThresholds.iou),
        maxDet: z.int().min(1).default(predictThresholds.maxDet),
      }),
      output: exportReportSchema,
    },
  },
  events: {
    heartbeat: z.object({ rss: z.number() }),
    progress: z.object({ phase: z.string(), done: z.number(), total: z.number().nullable() }),
    /** A checkpoint is on disk: a resume continues after this step. */
    checkpoint: z.object({
      step: z.int(),
      epoch: z.number(),
      kind: z.enum(['last', 'best']),
      score: z.number().nullable(),
    }),
    /** The resolved recipe, once, before the first step. */
    recipe: z.object({ recipe: z.record(z.string(), z.unknown()) }),
    /** Resume only, before the first step: the checkpoint's position. Later metric rows are deleted. */
    resumed: z.object({ step: z.int(), epoch: z.number() }),
    log: z.object({ level: z.enum(['info', 'warning']), message: z.string() }),
    /** Prediction only, before the first detections: the names that `label` indexes. */
    classes: z.object({ names: z.array(z.string()) }),
    detections: imageDetectionsSchema,
  },
})

/** What the core answers to a worker on the same wire. */
export const workerHostContract = defineContract({
  methods: {
    /** Stores all rows in one transaction; they are committed when this has answered. At most ten calls a second. */
    metrics: { input: z.object({ metrics: z.array(metricSchema) }), output: noOutput },
  },
})

export const workerContracts = { worker: workerContract }
export const workerHostContracts = { host: workerHostContract }
