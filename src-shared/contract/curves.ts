/**
 * What more labels would bring, from learning curves that short runs on parts of the training images give. How curves are
 * fitted and what their ranges contain: src-shared/evaluation/learning-curve.ts, docs/decisions/135-learning-curves.md.
 */
import { z } from 'zod'
import { startedJobSchema } from './jobs'
import { measuredCurvesSchema, rangeSchema, reasonSchema } from './measured-curves'
import { downloadSchema } from './results'
import { defineContract, noInput } from './rpc'

export const learningCurvesSchema = measuredCurvesSchema.extend({
  /** ISO 8601. */
  createdAt: z.string(),
  /** Of the project when it was measured. */
  revision: z.int(),
  task: z.string(),
  /** AP, or top-1 of a classifier. */
  score: z.enum(['AP', 'top1']),
  /** What the short runs began from. */
  weights: z.string(),
  model: z.string(),
  /** Side of the input, px. */
  size: z.int(),
})
export type LearningCurves = z.infer<typeof learningCurvesSchema>

const adviceSchema = z.object({
  /** null: all classes together, and more are images. */
  label: z.string().nullable(),
  now: z.number().nullable(),
  objects: z.int(),
  gain: rangeSchema.nullable(),
  reason: reasonSchema.nullable(),
  images: z.int().nullable(),
  /** In English. */
  text: z.string(),
})
export type CurveAdvice = z.infer<typeof adviceSchema>

export const curvesContract = defineContract({
  methods: {
    /**
     * Measures them anew. Job result: LearningCurves, which `latest` answers from then on. It begins from `weights` (a
     * file, or kept weights by name), else from the smallest published detector on this machine; never from a run of the
     * project, which has seen the labels. The job fails with `too-few-images`. Throws `unknown-kind`, `no-weights`,
     * `seen-labels`, `not-found`.
     */
    measure: {
      input: z.object({
        weights: z.string().nullable().default(null),
        /** Catalog id, default: what the weights are known to fit; or the path of an ONNX file whose network is the trunk. */
        model: z.string().nullable().default(null),
        /** null: what a run of the project's task takes. */
        size: z.int().min(64).multipleOf(32).nullable().default(null),
        /** Time after which no further draws begin; one of each part is always made. */
        minutes: z.number().min(0.1).max(120).default(3),
        seed: z.int().default(0),
      }),
      output: startedJobSchema,
    },
    /** The last ones; null: never measured. `stale`: the project has changed since. */
    latest: {
      input: noInput,
      output: z.object({ curves: learningCurvesSchema.nullable(), stale: z.boolean() }),
    },
    /** What the last ones say. Throws `not-found` when there are none. */
    advise: {
      input: z.object({ more: z.int().min(1).max(1_000_000).default(50) }),
      output: z.object({
        more: z.int(),
        score: z.enum(['AP', 'top1']),
        stale: z.boolean(),
        overall: adviceSchema,
        /** The largest gain first; classes without an answer last. */
        classes: z.array(adviceSchema),
        next: z.string().nullable(),
      }),
    },
    /** The advice as a table, or everything that was measured, as a file to save. Throws `not-found`. */
    download: {
      input: z.object({ file: z.enum(['advice.csv', 'points.csv', 'curves.json']), more: z.int().min(1).default(50) }),
      output: downloadSchema,
    },
  },
})
