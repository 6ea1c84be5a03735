/**
 * Stored evaluations: COCO's table, curves, confusion matrix, TIDE, and the images and objects behind every number.
 * All is computed by src-shared/evaluation, so the window shows what the command line prints.
 */
import { z } from 'zod'
import { splitSchema } from '../domain/split'
import { startedJobSchema } from './jobs'
import { defineContract, noOutput } from './rpc'
import { classEvaluationSchema, evaluationSchema, restorationSchema } from './evaluation'
import { sliceSchema, thresholdsSchema } from './inference'
import { exportReportSchema } from './worker'

const share = z.number().min(0).max(1)
const box = z.tuple([z.number(), z.number(), z.number(), z.number()])
const evaluationRef = z.object({ evaluation: z.int() })

export const evaluationSummarySchema = z.object({
  id: z.int(),
  /** null: an ONNX file or a file of predictions. */
  run: z.string().nullable(),
  /** `run:r3`, or the path of a file. */
  source: z.string(),
  /** null: all samples. */
  split: splitSchema.nullable(),
  iouType: evaluationSchema.shape.iouType,
  /** Made by the run itself when it ended, on the data frozen at its start. */
  final: z.boolean(),
  images: z.int(),
  seconds: z.number().nullable(),
  /** AP, AP50, ..., ARl; -1 where undefined. */
  coco: z.record(z.string(), z.number()),
  /** null: the detections came from a file. */
  thresholds: thresholdsSchema.nullable(),
  slice: sliceSchema.nullable(),
  /** ISO 8601, UTC. */
  createdAt: z.string(),
  /** false: made before details were stored; evaluate again for curves and images. */
  detailed: z.boolean(),
})
export type EvaluationSummary = z.infer<typeof evaluationSummarySchema>

/** A class of the evaluation; its position in `labels` is what `perClass`, the matrix and selections count by. */
const labelSchema = z.object({ name: z.string(), cocoId: z.int(), color: z.string() })

export const confusionSchema = z.object({
  conf: z.number(),
  iou: z.number(),
  /** The classes, then `background`. */
  labels: z.array(z.string()),
  /** `counts[predicted][true]`. Last row: missed; last column: detections of nothing. */
  counts: z.array(z.array(z.int())),
  ignored: z.int(),
})

const tideError = z.object({ count: z.int(), dAP: z.number() })
export const tideTypeSchema = z.enum(['Cls', 'Loc', 'Both', 'Dupe', 'Bkg', 'Miss'])
export const tideSchema = z.object({
  foreground: z.number(),
  background: z.number(),
  ap: z.number(),
  errors: z.record(tideTypeSchema, tideError),
  falsePositive: tideError,
  falseNegative: tideError,
})

const counts = {
  groundTruths: z.int(),
  truePositives: z.int(),
  falsePositives: z.int(),
  falseNegatives: z.int(),
  f1: z.number(),
}
export const labelCountsSchema = z.object({
  label: z.string(),
  categoryId: z.int(),
  /** Images with ground truth of the class. */
  images: z.int(),
  ...counts,
  precision: z.number(),
  recall: z.number(),
})

const operatingPoint = z.object({ confidence: z.number(), precision: z.number(), recall: z.number(), f1: z.number() })
const curve = {
  /** At recall 0, .01, ... 1; empty without ground truth. */
  precisionAtRecall: z.array(z.number()),
  /** At each value of `confidence`. */
  precision: z.array(z.number()),
  recall: z.array(z.number()),
  f1: z.array(z.number()),
  best: operatingPoint.nullable(),
}
export const curvesSchema = z.object({
  iou: z.number(),
  confidence: z.array(z.number()),
  mean: z.object(curve),
  perClass: z.array(z.object({ label: z.string(), categoryId: z.int(), groundTruths: z.int(), ...curve })),
})

export const labelStatisticsSchema = z.object({
  label: z.string(),
  objects: z.int(),
  images: z.int(),
  small: z.int(),
  medium: z.int(),
  large: z.int(),
  /** Of the boxes' square roots of areas in px: smallest, quartiles, largest; null without objects. */
  side: z.tuple([z.number(), z.number(), z.number(), z.number(), z.number()]).nullable(),
})

export const evaluationDetailSchema = z.object({
  ...evaluationSummarySchema.shape,
  stats: z.array(z.number()),
  perClass: evaluationSchema.shape.perClass,
  warnings: evaluationSchema.shape.warnings,
  labels: z.array(labelSchema),
  /** The rest is null when `detailed` is false. */
  best: operatingPoint.nullable(),
  confusion: confusionSchema.nullable(),
  tide: tideSchema.nullable(),
  /** Counts per class at the best mean F1 and IoU .5. */
  counts: z.object({ conf: z.number(), iou: z.number(), labels: z.array(labelCountsSchema) }).nullable(),
  statistics: z.array(labelStatisticsSchema).nullable(),
  /** Classifiers only; all of the above but `perClass` is empty then. */
  classification: classEvaluationSchema.nullable(),
  /** Denoisers only, as `classification`. */
  restoration: restorationSchema.nullable(),
  /** See evaluationSchema. */
  report: evaluationSchema.shape.report.unwrap(),
})
export type EvaluationDetail = z.infer<typeof evaluationDetailSchema>

export const sizeSchema = z.enum(['small', 'medium', 'large'])

/** What stands behind a number. Classes are positions in `labels`; conf: the evaluation's best mean F1 unless given. */
export const selectionSchema = z.discriminatedUnion('kind', [
  /** A cell of the confusion matrix; null is background. */
  z.object({
    kind: z.literal('cell'),
    predicted: z.int().min(0).nullable(),
    truth: z.int().min(0).nullable(),
    conf: share.optional(),
    iou: share.optional(),
  }),
  /** A number of the COCO table, of a class's row, or a point on a curve: detections right or wrong, objects missed. */
  z.object({
    kind: z.literal('outcome'),
    outcome: z.enum(['right', 'wrong', 'missed', 'truth']),
    label: z.int().min(0).optional(),
    /** By the object's area; a wrong detection by its own. */
    size: sizeSchema.optional(),
    conf: share.optional(),
    /** One of .5, .55, ... .95. */
    iou: share.default(0.5),
  }),
  /** All detections of a kind of error take part in AP whatever they score; `conf` leaves low ones out. */
  z.object({
    kind: z.literal('tide'),
    type: tideTypeSchema,
    label: z.int().min(0).optional(),
    conf: share.default(0),
  }),
  /** Every image, most errors first. */
  z.object({ kind: z.literal('worst'), conf: share.optional() }),
])
export type ResultSelection = z.infer<typeof selectionSchema>

export const resultImageSchema = z.object({
  sample: z.int(),
  cocoImageId: z.int(),
  name: z.string(),
  width: z.int(),
  height: z.int(),
  /** Objects of the selection on this image; for `worst` the wrong and missed ones. */
  objects: z.int(),
})
export const resultObjectSchema = z.object({
  sample: z.int(),
  /** null: missed. */
  detection: z.object({ label: z.int(), score: z.number(), box }).nullable(),
  /** The ground truth it belongs to; null: nothing there. */
  truth: z.object({ annotation: z.int(), label: z.int(), box }).nullable(),
  /** Of the two boxes; null without both. */
  iou: z.number().nullable(),
})
const page = { offset: z.int().min(0).default(0), limit: z.int().min(1).max(1000).default(100) }
const selected = z.object({ evaluation: z.int(), of: selectionSchema, ...page })

/** Everything on one image: for drawing. */
export const resultOverlaySchema = z.object({
  image: resultImageSchema,
  detections: z.array(
    z.object({
      label: z.int(),
      score: z.number(),
      box,
      /** At IoU .5; ignored: on a crowd or the like. */
      outcome: z.enum(['right', 'wrong', 'ignored']),
      tide: tideTypeSchema.nullable(),
    }),
  ),
  truths: z.array(
    z.object({
      annotation: z.int(),
      label: z.int(),
      box,
      ignore: z.boolean(),
      found: z.boolean(),
      missed: z.boolean(),
    }),
  ),
})

const pair = { a: z.number().nullable(), b: z.number().nullable(), difference: z.number().nullable() }
export const comparisonSchema = z.object({
  a: evaluationSummarySchema,
  b: evaluationSummarySchema,
  /** Both evaluate the same images with the same ground truth. */
  sameData: z.boolean(),
  coco: z.array(z.object({ name: z.string(), ...pair })),
  /** Matched by name. */
  perClass: z.array(z.object({ label: z.string(), scores: z.array(z.object({ name: z.string(), ...pair })) })),
  tide: z.array(z.object({ type: z.string(), count: z.object(pair), dAP: z.object(pair) })),
  /** Keys of the recipes that differ; empty unless both are runs. */
  recipe: z.array(z.object({ key: z.string(), a: z.unknown(), b: z.unknown() })),
  /** Images on which b makes fewer errors, as many, more; each at its own best confidence. */
  images: z.object({ wins: z.int(), ties: z.int(), losses: z.int() }),
})
export type Comparison = z.infer<typeof comparisonSchema>

export const downloadSchema = z.object({
  /** Relative to the host, e.g. `/files/<random id>`; works until the core ends. */
  url: z.string(),
  name: z.string(),
  bytes: z.int(),
})

export const resultsContract = defineContract({
  methods: {
    /** Newest first; of one run (id, name, latest) or all. */
    list: {
      input: z.object({ run: z.string().min(1).optional(), limit: z.int().min(1).max(1000).default(200) }),
      output: z.object({ evaluations: z.array(evaluationSummarySchema) }),
    },
    get: { input: evaluationRef, output: evaluationDetailSchema },
    curves: { input: evaluationRef, output: curvesSchema },
    /** The matrix at other thresholds. */
    confusion: {
      input: z.object({ evaluation: z.int(), conf: share.optional(), iou: share.default(0.45) }),
      output: confusionSchema,
    },
    /** Counts, precision, recall and F1 of each class at a confidence: the point under the pointer. */
    counts: {
      input: z.object({ evaluation: z.int(), conf: share, iou: share.default(0.5) }),
      output: z.object({ conf: z.number(), iou: z.number(), labels: z.array(labelCountsSchema) }),
    },
    images: { input: selected, output: z.object({ total: z.int(), images: z.array(resultImageSchema) }) },
    /** Best score first; missed objects largest first. */
    objects: { input: selected, output: z.object({ total: z.int(), objects: z.array(resultObjectSchema) }) },
    /** Labels and detections of one image. */
    overlay: {
      input: z.object({ evaluation: z.int(), sample: z.int(), conf: share.optional() }),
      output: resultOverlaySchema,
    },
    /** Differences are b - a. */
    compare: { input: z.object({ a: z.int(), b: z.int() }), output: comparisonSchema },
    /** Images by change of their number of errors from a to b. */
    compareImages: {
      input: z.object({ a: z.int(), b: z.int(), which: z.enum(['wins', 'losses', 'ties']), ...page }),
      output: z.object({
        total: z.int(),
        images: z.array(
          z.object({
            ...resultImageSchema.omit({ objects: true }).shape,
            a: z.object(counts),
            b: z.object(counts),
          }),
        ),
      }),
    },
    remove: { input: evaluationRef, output: noOutput },
    /** A file to save: the COCO table, curves, matrix, TIDE or all objects as CSV, or everything as JSON. */
    download: {
      input: z.object({
        evaluation: z.int(),
        file: z.enum([
          'coco.csv',
          'classes.csv',
          'curves.csv',
          'confusion.csv',
          'tide.csv',
          'objects.csv',
          'restoration.csv',
          'result.json',
        ]),
      }),
      output: downloadSchema,
    },
    /** Denoisers only: before, after and truth of the first images, with an address to show each. */
    pictures: {
      input: evaluationRef,
      output: z.object({
        pictures: z.array(
          z.object({
            sample: z.int(),
            name: z.string(),
            width: z.int(),
            height: z.int(),
            truth: downloadSchema,
            levels: z.array(z.object({ level: z.number(), noisy: downloadSchema, model: downloadSchema })),
          }),
        ),
      }),
    },
    /** Files in `runs/<id>/plots` with an address to show and save each. */
    plots: {
      input: z.object({ run: z.string().min(1) }),
      output: z.object({ plots: z.array(z.object({ ...downloadSchema.shape, mime: z.string() })) }),
    },
    /** Draws the run's plots again. Job result: {files}. */
    drawPlots: { input: z.object({ run: z.string().min(1) }), output: startedJobSchema },
    /**
     * One self-contained HTML file: data, recipe, curves, tables, worst images. Job result: {file, bytes, url}. Without
     * `out` it is written into the run's folder.
     */
    report: {
      input: z.object({
        run: z.string().min(1),
        evaluation: z.int().optional(),
        out: z.string().min(1).nullable().default(null),
        images: z.int().min(0).max(100).default(12),
      }),
      output: startedJobSchema,
    },
    /** Classes, data, recipe, scores, licence of a run's model, as Markdown and JSON. */
    modelCard: {
      input: z.object({ run: z.string().min(1), licence: z.string().max(200).nullable().default(null) }),
      output: z.object({ markdown: z.string(), json: z.record(z.string(), z.unknown()) }),
    },
    /** Files that were exported from a run, newest first; `zip`: a bundle of the model, its card and programs. */
    exports: {
      input: z.object({ run: z.string().min(1) }),
      output: z.object({
        exports: z.array(
          z.object({
            id: z.int(),
            kind: z.enum(['onnx', 'zip']),
            file: z.string(),
            bytes: z.int(),
            /** ISO 8601, UTC. */
            createdAt: z.string(),
            /** null: the file is not there any more. */
            download: downloadSchema.nullable(),
            /** What the export said about an ONNX file. */
            report: exportReportSchema.nullable(),
          }),
        ),
      }),
    },
    /** Programs that load an exported file and print its detections, or write clean images. */
    snippets: {
      input: z.object({
        /** Path of an exported ONNX file. */
        file: z.string().min(1),
      }),
      output: z.object({
        /** `npm install onnxruntime-node sharp`, then `node <name>.mjs photo.jpg`. */
        node: z.string(),
        python: z.string(),
        /** Name of their files, without its ending. */
        name: z.enum(['detect', 'denoise']),
      }),
    },
  },
  events: {
    /** An evaluation was stored or removed. */
    changed: z.object({ evaluation: z.int(), run: z.string().nullable() }),
  },
})
