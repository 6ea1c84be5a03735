/** Where to look first: disagreements between a model's predictions and the labels, and images a model is unsure about. */
import { z } from 'zod'
import { splitSchema } from '../domain/split'
import { defineContract } from './rpc'
import { predictionSchema } from './predictions'

const box = z.tuple([z.number(), z.number(), z.number(), z.number()])

/**
 * TIDE's classes at IoU .5, in plain words. false-positive: the model sees an object where no label is. missed: a label
 * that the model does not find. wrong-class: right place, other class. bad-location: right class, IoU of .1 to .5.
 * duplicate: a second detection of a labelled object. both: wrong class at a poor place.
 */
export const reviewKindSchema = z.enum(['false-positive', 'missed', 'wrong-class', 'bad-location', 'duplicate', 'both'])
export type ReviewKind = z.infer<typeof reviewKindSchema>

export const reviewItemSchema = z.object({
  /** Stable while the item exists: `p12` (a prediction) or `a7` (an annotation that was missed). */
  id: z.string(),
  kind: reviewKindSchema,
  sample: z.int(),
  name: z.string(),
  /** score x (1 - IoU with the nearest label it is held against); missed ones 1 minus the best IoU of any prediction. */
  disagreement: z.number(),
  /** null: missed. */
  prediction: predictionSchema.nullable(),
  /** The label concerned; null: nothing is labelled there. */
  annotation: z.object({ id: z.int(), label: z.int(), box }).nullable(),
  iou: z.number().nullable(),
})
export type ReviewItem = z.infer<typeof reviewItemSchema>

const of = {
  source: z.string(),
  split: z.union([splitSchema, z.literal('none')]).optional(),
  /** Label id of the prediction or of the annotation. */
  label: z.int().optional(),
  /** Predictions below are not looked at. */
  conf: z.number().min(0).max(1).default(0.25),
}

export const reviewContract = defineContract({
  methods: {
    /** Largest disagreement first. Items that were decided (accepted, rejected, marked) are gone. */
    queue: {
      input: z.object({
        ...of,
        kinds: z.array(reviewKindSchema).min(1).optional(),
        offset: z.int().min(0).default(0),
        limit: z.int().min(1).max(1000).default(100),
      }),
      output: z.object({
        total: z.int(),
        items: z.array(reviewItemSchema),
        /** Of all items, whatever `kinds` asks for. */
        kinds: z.record(reviewKindSchema, z.int()),
      }),
    },
    /**
     * Takes the model's side: a false positive, a duplicate or both becomes an annotation; a wrong class or a bad place
     * is mended after the prediction; a missed annotation is removed. One undo step.
     */
    accept: {
      input: z.object({ source: z.string(), items: z.array(z.string()).min(1).max(10_000) }),
      output: z.object({ revision: z.int() }),
    },
    /** Takes the label's side: the prediction is rejected, a missed annotation is confirmed. One undo step. */
    reject: {
      input: z.object({ source: z.string(), items: z.array(z.string()).min(1).max(10_000) }),
      output: z.object({ revision: z.int() }),
    },
    /** Images without labels on which the model is least sure. */
    uncertain: {
      input: z.object({
        source: z.string(),
        /** Of each detection's score: binary entropy in bits, or 1 - |2 score - 1|. */
        by: z.enum(['entropy', 'margin']).default('entropy'),
        /** How the detections of an image join; Brust et al. 2019 (arXiv:1809.09875) found the sum best. */
        join: z.enum(['sum', 'mean', 'max']).default('sum'),
        offset: z.int().min(0).default(0),
        limit: z.int().min(1).max(1000).default(100),
      }),
      output: z.object({
        total: z.int(),
        images: z.array(z.object({ sample: z.int(), name: z.string(), uncertainty: z.number(), predictions: z.int() })),
      }),
    },
  },
})
