/** Images of the project: found by filter and sort, given a split and tags, marked as reviewed, taken out. */
import { z } from 'zod'
import { splitSchema } from '../domain/split'
import { sampleFilterSchema, sampleOrderSchema, sampleSelectionSchema, sampleStateSchema } from './filter'
import { defineContract, noInput } from './rpc'

export {
  sampleFilterSchema,
  sampleSortSchema,
  sampleStateSchema,
  type SampleFilter,
  type SampleOrder,
  type SampleSelection,
  type SampleSort,
} from './filter'

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
  /** In alphabetical order. */
  tags: z.array(z.string()),
  /** Another image is its truth, such as the clean one of a noisy one: `/media/<id>?of=pair`. */
  hasPair: z.boolean(),
})
export type Sample = z.infer<typeof sampleSchema>

const tag = z.string().trim().min(1).max(100)
const share = z.number().min(0).max(1)
const changed = z.object({ changed: z.int() })
const removal = z.object({ samples: z.int(), annotations: z.int() })
/** Checked as a whole: 100,000 ids are the usual answer. */
const idList = z.custom<number[]>((value) => Array.isArray(value) && value.every(Number.isSafeInteger))

const bySplit = z.object({ train: z.int(), val: z.int(), test: z.int() })
/** Images of each split; `unreadable`: those of them that are missing or cannot be read. */
const division = bySplit.extend({ unreadable: bySplit })
export type Division = z.output<typeof division>

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
    /** Ids of all samples that match, in the asked order: the gallery's backbone. `getMany` gives what is on screen. */
    ids: { input: sampleOrderSchema, output: z.object({ ids: idList, revision: z.int() }) },
    count: { input: z.object({ filter: sampleFilterSchema.default({}) }), output: z.object({ total: z.int() }) },
    get: { input: z.object({ sample: z.int() }), output: sampleSchema },
    /** In the asked order; ids that are no longer there are left out. */
    getMany: {
      input: z.object({ samples: z.array(z.int()).max(1000) }),
      output: z.object({ samples: z.array(sampleSchema) }),
    },
    /**
     * The next or previous sample in an order, seen from `sample` (which need not match), that also is as wanted:
     * unlabelled = without annotations and not reviewed. null: there is none (with `wrap`, not even from the other end).
     * `index` is its place in the order, `total` the order's length.
     */
    neighbour: {
      input: sampleOrderSchema.extend({
        sample: z.int(),
        direction: z.enum(['next', 'previous']).default('next'),
        want: z.enum(['any', 'unlabelled', 'unreviewed']).default('any'),
        wrap: z.boolean().default(false),
      }),
      output: z.object({ sample: z.int().nullable(), index: z.int().nullable(), total: z.int() }),
    },
    /** One undo step; answers the number of samples that changed. */
    setSplit: { input: z.object({ samples: sampleSelectionSchema, split: splitSchema.nullable() }), output: changed },
    markReviewed: {
      input: z.object({ samples: sampleSelectionSchema, reviewed: z.boolean().default(true) }),
      output: changed,
    },
    /** All tags in use, alphabetical. */
    tags: { input: noInput, output: z.object({ tags: z.array(z.object({ tag: z.string(), samples: z.int() })) }) },
    setTags: {
      input: z.object({
        samples: sampleSelectionSchema,
        add: z.array(tag).max(100).default([]),
        remove: z.array(tag).max(100).default([]),
      }),
      output: changed,
    },
    /** On all samples; joins the two when `to` exists. */
    renameTag: { input: z.object({ from: tag, to: tag }), output: changed },
    /** What `remove` would take out. */
    previewRemove: { input: z.object({ samples: sampleSelectionSchema }), output: removal },
    /** Samples leave the project with their annotations; image files are never touched. One undo step. */
    remove: { input: z.object({ samples: sampleSelectionSchema }), output: removal },
    /** Groups of samples with byte-identical files, largest first; `unhashed` ones were not compared yet. */
    duplicates: {
      input: z.object({ limit: z.int().min(1).max(1000).default(100), offset: z.int().min(0).default(0) }),
      output: z.object({
        groups: z.array(z.object({ hash: z.string(), samples: z.array(z.int()) })),
        total: z.int(),
        unhashed: z.int(),
      }),
    },
    /** Sources whose predictions are stored, and kinds of figures per sample: what filters and sorts can name. */
    scores: {
      input: noInput,
      output: z.object({
        predictions: z.array(z.object({ source: z.string(), samples: z.int() })),
        kinds: z.array(z.object({ kind: z.string(), samples: z.int() })),
      }),
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
      output: division,
    },
  },
})
