/** Figures about the data set, of all samples or of those that match. */
import { z } from 'zod'
import { splitSchema } from '../domain/split'
import { sampleFilterSchema } from './filter'
import { defineContract } from './rpc'

/** `counts[i]` lies in `edges[i]` <= x < `edges[i + 1]`; the first and last bin also take what lies beyond. */
export const histogramSchema = z.object({ edges: z.array(z.number()), counts: z.array(z.int()) })
export type Histogram = z.infer<typeof histogramSchema>

const bySplit = z.record(z.enum([...splitSchema.options, 'none']), z.int())
const sizes = z.object({ small: z.int(), medium: z.int(), large: z.int() })

export const labelStatisticsSchema = z.object({
  label: z.int(),
  objects: z.int(),
  samples: z.int(),
  /** Objects per split. */
  splits: bySplit,
  /** Samples per split that have an object of it. */
  sampleSplits: bySplit,
  /** By box area: small < 32^2 <= medium < 96^2 <= large, as COCO; objects without a box are in none. */
  sizes,
  /** Of box areas, pixels squared; null without boxes. */
  meanArea: z.number().nullable(),
})

export const statisticsSchema = z.object({
  /** Of the project when it was counted. */
  revision: z.int(),
  samples: z.object({
    total: z.int(),
    labelled: z.int(),
    reviewed: z.int(),
    /** Looked at, and nothing there. */
    reviewedEmpty: z.int(),
    /** Neither annotated nor reviewed. */
    untouched: z.int(),
    splits: bySplit,
    labelledSplits: bySplit,
  }),
  objects: z.object({ total: z.int(), splits: bySplit, sizes }),
  /** In index order; gaps without objects are left out. */
  labels: z.array(labelStatisticsSchema),
  /** Square root of the box area, pixels; the edges grow by the factor sqrt(2). */
  boxSize: histogramSchema,
  /** The same in parts of the square root of the image's area, 0 to 1. */
  relativeSize: histogramSchema,
  /** log2(width / height) of boxes: 0 is square. */
  aspect: histogramSchema,
  perImage: histogramSchema.extend({ mean: z.number(), max: z.int() }),
  /** Where box centres lie: `grid` x `grid` cells, row by row from the top left. */
  centres: z.object({ grid: z.int(), counts: z.array(z.int()) }),
  imageSizes: z.object({
    /** The most frequent ones. */
    top: z.array(z.object({ width: z.int(), height: z.int(), samples: z.int() })),
    different: z.int(),
    /** Samples whose file was not read yet. */
    unknown: z.int(),
    /** Megapixels. */
    histogram: histogramSchema,
  }),
})
export type Statistics = z.infer<typeof statisticsSchema>

export const statisticsContract = defineContract({
  methods: {
    get: { input: z.object({ filter: sampleFilterSchema.default({}) }), output: statisticsSchema },
    /** How often each keypoint is visible (2), hidden (1) or absent (0), per label with keypoint annotations. */
    keypoints: {
      input: z.object({ filter: sampleFilterSchema.default({}) }),
      output: z.object({
        labels: z.array(
          z.object({
            label: z.int(),
            instances: z.int(),
            points: z.array(z.object({ name: z.string(), visible: z.int(), hidden: z.int(), absent: z.int() })),
          }),
        ),
      }),
    },
  },
})
