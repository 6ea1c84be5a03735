/** Learning curves as a worker measures them; of evaluation/label-advice. */
import { z } from 'zod'

/** Median, and the range that holds 80 % of the possibilities. Scores are 0..1. */
export const rangeSchema = z.object({ middle: z.number(), low: z.number(), high: z.number() })
export const reasonSchema = z.enum(['few-objects', 'few-truths', 'not-learned', 'few-amounts'])

const measuredCurveSchema = z.object({
  objects: z.int(),
  images: z.int(),
  truths: z.int(),
  points: z.array(z.object({ n: z.int(), draw: z.int(), score: z.number() })),
  now: z.number().nullable(),
  curve: z
    .object({
      at: z.number(),
      noise: z.number(),
      laws: z.array(z.object({ top: z.number(), loss: z.number(), rate: z.number() })),
    })
    .nullable(),
  reason: reasonSchema.nullable(),
  check: z.object({ predicted: rangeSchema, measured: z.number() }).nullable(),
})

/** What the worker measures. */
export const measuredCurvesSchema = z.object({
  overall: measuredCurveSchema,
  classes: z.array(measuredCurveSchema.extend({ label: z.string() })),
  /** Labelled ones to learn from; of these taken part; evaluated on. */
  images: z.object({ train: z.int(), used: z.int(), val: z.int() }),
  /** Of each short run. */
  steps: z.int(),
  draws: z.int(),
  /** Of all of it. */
  seconds: z.number(),
})
