/** What every call that runs a model takes and tells: which model, thresholds, slices, detections. */
import { z } from 'zod'
import { modelInputSchema } from '../domain/model-input'

const box = z.tuple([z.number(), z.number(), z.number(), z.number()])

/** Echoed in every result that depends on them. */
export const thresholdsSchema = z.object({
  conf: z.number().min(0).max(1),
  iou: z.number().min(0).max(1),
  maxDet: z.int().min(1),
  /** Poses only: one with a larger similarity of points (OKS) to a better one of its class goes; absent: `iou` of boxes decides. */
  oks: z.number().min(0).max(1).optional(),
})
export type Thresholds = z.infer<typeof thresholdsSchema>
export const thresholdsOf = ({ conf, iou, maxDet, oks }: Thresholds): Thresholds => ({
  conf,
  iou,
  maxDet,
  ...(oks === undefined ? {} : { oks }),
})
/** Where curves of the AP type want all detections. */
export const evalThresholds: Thresholds = { conf: 0.001, iou: 0.65, maxDet: 300 }
export const predictThresholds: Thresholds = { conf: 0.25, iou: 0.45, maxDet: 300 }

/** A trained model: a run's checkpoint, or any ONNX file; or a denoiser that needs no training. */
export const modelRefSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('run'), runDir: z.string(), checkpoint: z.enum(['best', 'last']).default('best') }),
  z.object({
    kind: z.literal('onnx'),
    file: z.string(),
    /** Input declaration for files whose metadata and signature do not tell it. */
    input: modelInputSchema.optional(),
  }),
  z.object({
    kind: z.literal('method'),
    /** Of catalog/denoisers. */
    id: z.string(),
    /** Standard deviation of the noise on the scale 0..255, whatever the files' own is. */
    sigma: z.number().min(0).max(255),
  }),
])
export type ModelRef = z.infer<typeof modelRefSchema>

export const detectionSchema = z.object({
  /** Index into the project's labels (or into the model's own names where no labels were given). */
  label: z.int().min(0),
  score: z.number(),
  box,
  /** x, y in upright image pixels and the confidence of each point; absent: the model tells none. */
  keypoints: z.array(z.tuple([z.number(), z.number(), z.number()])).optional(),
})

export const imageDetectionsSchema = z.object({
  image: z.int(),
  /** Upright size in px. */
  width: z.int(),
  height: z.int(),
  detections: z.array(detectionSchema),
  /** Denoisers: the file that was written, absolute. */
  made: z.string().optional(),
})

/**
 * Cuts each image into overlapping squares of `size` px before the model sees it, and the whole image beside them (SAHI,
 * Akyon et al. 2022, arXiv:2202.06934). `auto` size: from the sizes of the project's objects.
 */
export const sliceSchema = z.object({
  size: z.union([z.int().min(32), z.literal('auto')]),
  overlap: z.number().min(0).max(0.9).default(0.2),
  /** How detections of different slices become one. */
  merge: z.enum(['greedy-nmm', 'nmm', 'nms']).default('greedy-nmm'),
  /** ios: intersection over the smaller box. */
  metric: z.enum(['ios', 'iou']).default('ios'),
  /** Two detections belong together from this value on. */
  threshold: z.number().min(0).max(1).default(0.5),
  /** Whether the whole image is looked at too. */
  whole: z.boolean().default(true),
})
export type SliceOptions = z.infer<typeof sliceSchema>
/** As a worker takes it: the size is a number. */
export const concreteSliceSchema = z.object({ ...sliceSchema.shape, size: z.int().min(32) })
export type ConcreteSlice = z.infer<typeof concreteSliceSchema>

export const restoreSchema = z.object({
  /** Folder. */
  out: z.string(),
  /** In place of what a file's type says. */
  black: z.number().nullable().default(null),
  white: z.number().nullable().default(null),
})
