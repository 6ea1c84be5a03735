/**
 * What models say about the project's images, as a layer over its labels. A prediction waits until somebody accepts,
 * corrects or rejects it; each of these is one undo step. Accepted ones become annotations with the model as provenance.
 */
import { z } from 'zod'
import { startedJobSchema } from './jobs'
import { defineContract } from './rpc'
import { modelSourceSchema, inferenceOptions } from './runs'
import { sampleFilterSchema } from './samples'
import { predictThresholds } from './inference'

const box = z.tuple([z.number(), z.number(), z.number(), z.number()])
export const predictionStateSchema = z.enum(['pending', 'accepted', 'rejected'])

export const predictionSchema = z.object({
  id: z.int(),
  /** `run:r3`, or the path of a model file. */
  source: z.string(),
  sample: z.int(),
  /** Label id. */
  label: z.int(),
  score: z.number(),
  box,
  state: predictionStateSchema,
  /** What it became when it was accepted. */
  annotation: z.int().nullable(),
  /** x, y in image pixels and the confidence of each point; null: the model tells none. */
  keypoints: z.array(z.tuple([z.number(), z.number(), z.number()])).nullable(),
})
export type Prediction = z.infer<typeof predictionSchema>

const ids = z.array(z.int()).min(1).max(100_000)
const score = z.number().min(0).max(1)

export const predictionsContract = defineContract({
  methods: {
    /** Models with stored predictions, newest first. */
    sources: {
      input: z.object({}),
      output: z.object({
        sources: z.array(
          z.object({
            source: z.string(),
            run: z.string().nullable(),
            samples: z.int(),
            pending: z.int(),
            accepted: z.int(),
            rejected: z.int(),
            /** ISO 8601, UTC: the newest. */
            createdAt: z.string(),
          }),
        ),
      }),
    },
    /** On one sample, best first. */
    list: {
      input: z.object({
        sample: z.int(),
        source: z.string().optional(),
        states: z.array(predictionStateSchema).default(['pending']),
        minScore: score.default(0),
      }),
      output: z.object({ predictions: z.array(predictionSchema) }),
    },
    /**
     * Predicts and stores: on some samples, on those without annotations, on a filter's, or on all. What a source said
     * before about these samples is replaced, except what was accepted or rejected. Job result: PredictResult.
     */
    predict: {
      input: z.object({
        source: modelSourceSchema,
        samples: z.union([
          z.object({ ids }),
          z.object({ filter: sampleFilterSchema }),
          z.object({ unlabelled: z.literal(true) }),
          z.object({ all: z.literal(true) }),
        ]),
        ...inferenceOptions(predictThresholds),
      }),
      output: startedJobSchema,
    },
    /**
     * Each becomes an annotation. With `replace` it takes the place of that annotation: its class and box change, other
     * properties stay.
     */
    accept: {
      input: z.object({ predictions: ids, replace: z.int().optional() }),
      output: z.object({ annotations: z.array(z.int()), revision: z.int() }),
    },
    /** Accepts with another class or box. */
    correct: {
      input: z.object({
        prediction: z.int(),
        label: z.int().optional(),
        box: box.optional(),
        replace: z.int().optional(),
      }),
      output: z.object({ annotation: z.int(), revision: z.int() }),
    },
    reject: { input: z.object({ predictions: ids }), output: z.object({ changed: z.int(), revision: z.int() }) },
    /** Rejected ones wait again. */
    restore: { input: z.object({ predictions: ids }), output: z.object({ changed: z.int(), revision: z.int() }) },
    /** How many `acceptAbove` would accept, and on how many images. */
    countAbove: {
      input: z.object({
        source: z.string(),
        minScore: score,
        label: z.int().optional(),
        filter: sampleFilterSchema.default({}),
      }),
      output: z.object({ predictions: z.int(), samples: z.int() }),
    },
    /**
     * Accepts every waiting prediction from a score on, one undo step. One that covers an annotation of its class (IoU
     * of at least .5) is left out: it is labelled already.
     */
    acceptAbove: {
      input: z.object({
        source: z.string(),
        minScore: score,
        label: z.int().optional(),
        filter: sampleFilterSchema.default({}),
      }),
      output: z.object({ accepted: z.int(), samples: z.int(), skipped: z.int(), revision: z.int() }),
    },
    /** Forgets predictions; no undo, since the model can say them again. */
    clear: {
      input: z.object({
        source: z.string(),
        states: z.array(predictionStateSchema).default(['pending']),
        samples: ids.optional(),
      }),
      output: z.object({ removed: z.int() }),
    },
  },
  events: {
    /** Predictions of a source changed; `samples` null: of many. */
    changed: z.object({ source: z.string(), samples: z.array(z.int()).nullable() }),
  },
})
