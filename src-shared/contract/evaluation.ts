/** What an evaluation says, by task: boxes, masks and points as pycocotools does, classes, restored images. */
import { z } from 'zod'
import { thresholdsSchema } from './inference'

/** Noise levels to evaluate at, in the unit of the noise: see domain/noise. */
export const levelsSchema = z.array(z.number().min(0)).min(1).max(20)

const averages = z.object({ precision: z.number(), recall: z.number(), f1: z.number() })
/** What `evaluateClasses` (src-shared/evaluation) says. */
export const classEvaluationSchema = z.object({
  images: z.int(),
  top1: z.number(),
  top5: z.number(),
  loss: z.number(),
  perClass: z.array(z.object({ label: z.string(), support: z.int(), predicted: z.int(), ...averages.shape })),
  macro: averages,
  weighted: averages,
  /** `counts[predicted][true]`. */
  confusion: z.object({ labels: z.array(z.string()), counts: z.array(z.array(z.int())) }),
})
export type ClassEvaluation = z.infer<typeof classEvaluationSchema>

const quality = z.object({ psnr: z.number(), ssim: z.number() })
/** What `restorationOf` (src-shared/evaluation) says: methods x noise levels, and every image. */
export const restorationSchema = z.object({
  images: z.int(),
  /** `noisy`: the input as it is; `model`; others are methods to compare with. */
  methods: z.array(z.object({ id: z.string(), title: z.string() })),
  levels: z.array(
    z.object({
      level: z.number(),
      /** `sigma 25`. */
      title: z.string(),
      /** Means over the images, in the order of `methods`; PSNR in dB. */
      scores: z.array(quality),
      perImage: z.array(z.object({ sample: z.int(), name: z.string(), scores: z.array(quality) })),
    }),
  ),
})

/** What `evaluateCoco` (src-shared/evaluation) says, with the time it took and the thresholds of the detections. */
export const evaluationSchema = z.object({
  /** `class`: a classifier's images, `image`: a denoiser's; no IoU. */
  iouType: z.enum(['bbox', 'segm', 'keypoints', 'class', 'image']),
  /** By name (AP, AP50, ..., ARl; keypoints their ten; classifiers top1, top5, loss, f1), -1 where undefined. */
  coco: z.record(z.string(), z.number()),
  /** The same numbers, unrounded, in pycocotools' order. */
  stats: z.array(z.number()),
  /** The scores by name beside these keys, null where undefined. */
  perClass: z.array(
    z
      .object({ label: z.string(), categoryId: z.int(), groundTruths: z.int(), detections: z.int() })
      .catchall(z.number().nullable()),
  ),
  images: z.int(),
  seconds: z.number(),
  /** null: the detections came from a file, whose thresholds are not known. */
  thresholds: thresholdsSchema.nullable(),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
  /** Classifiers only. */
  classification: classEvaluationSchema.nullable().default(null),
  /** Denoisers only. */
  restoration: restorationSchema.optional(),
  /** What a task says beside these numbers, e.g. `pose`: the window shows it by the panel of that kind. */
  report: z.looseObject({ kind: z.string() }).nullable().default(null),
})
export type Evaluation = z.infer<typeof evaluationSchema>
