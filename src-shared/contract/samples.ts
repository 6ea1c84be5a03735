/** Images of the project: found by filter, given a split, marked as reviewed. */
import { z } from 'zod'
import { splitSchema } from '../domain/split'
import { defineContract } from './rpc'

export const sampleStateSchema = z.enum(['ok', 'missing', 'unreadable'])

export const sampleSchema = z.object({
  id: z.int(),
  /** Relative to its root, `/` as separator. */
  path: z.string(),
  name: z.string(),
  /** Upright pixels; null until the file was read. */
  width: z.int().nullable(),
  height: z.int().nullable(),
  /** null: not assigned. */
  split: splitSchema.nullable(),
  reviewed: z.boolean(),
  state: sampleStateSchema,
  cocoImageId: z.int(),
  annotations: z.int(),
})
export type Sample = z.infer<typeof sampleSchema>

/** All given conditions hold. */
export const sampleFilterSchema = z.strictObject({
  split: z.union([splitSchema, z.literal('none')]).optional(),
  /** Has an annotation with this label id. */
  label: z.int().optional(),
  state: sampleStateSchema.optional(),
  reviewed: z.boolean().optional(),
  /** true: without any annotation. */
  empty: z.boolean().optional(),
  /** Part of the path, letter case ignored. */
  text: z.string().optional(),
})
export type SampleFilter = z.infer<typeof sampleFilterSchema>

const selection = z.union([
  z.strictObject({ ids: z.array(z.int()).min(1) }),
  z.strictObject({ filter: sampleFilterSchema }),
])
const share = z.number().min(0).max(1)

export const samplesContract = defineContract({
  methods: {
    /** In id order; the next page begins after the last id of this one. */
    list: {
      input: z.object({
        filter: sampleFilterSchema.default({}),
        after: z.int().min(0).default(0),
        limit: z.int().min(1).max(5000).default(100),
      }),
      output: z.object({ samples: z.array(sampleSchema), total: z.int() }),
    },
    /** Ids of all samples that match, ascending. */
    ids: { input: z.object({ filter: sampleFilterSchema.default({}) }), output: z.object({ ids: z.array(z.int()) }) },
    get: { input: z.object({ sample: z.int() }), output: sampleSchema },
    /** One undo step; answers the number of samples that changed. */
    setSplit: {
      input: z.object({ samples: selection, split: splitSchema.nullable() }),
      output: z.object({ changed: z.int() }),
    },
    markReviewed: {
      input: z.object({ samples: selection, reviewed: z.boolean().default(true) }),
      output: z.object({ changed: z.int() }),
    },
    /**
     * Divides the samples so that every class is spread as the shares say. The same seed and paths give the same
     * division. Answers how many samples each split has afterwards.
     */
    autoSplit: {
      input: z.object({
        shares: z.object({ train: share, val: share, test: share }).default({ train: 0.8, val: 0.1, test: 0.1 }),
        seed: z.int().default(0),
        /** unassigned: samples that have a split keep it. */
        which: z.enum(['unassigned', 'all']).default('unassigned'),
      }),
      output: z.object({ train: z.int(), val: z.int(), test: z.int() }),
    },
  },
})
