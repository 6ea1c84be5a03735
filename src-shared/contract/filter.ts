/** How samples and objects are chosen: the gallery's filters, bulk actions and label splits share these. */
import { z } from 'zod'
import { attributeValueSchema } from '../domain/attribute'
import { shapeSchema } from '../domain/annotation'
import { splitSchema } from '../domain/split'

export const sampleStateSchema = z.enum(['ok', 'missing', 'unreadable'])
export const objectFlagSchema = z.enum(['difficult', 'truncated', 'occluded', 'crowd', 'hidden', 'locked'])

const range = z.strictObject({ min: z.number().optional(), max: z.number().optional() })

/** All given conditions hold for one and the same object. */
export const objectFilterSchema = z.strictObject({
  /** Any of these label ids. */
  labels: z.array(z.int()).min(1).optional(),
  /** Any of these kinds. */
  shapes: z
    .array(z.enum(shapeSchema.options.map((option) => option.shape.kind.value)))
    .min(1)
    .optional(),
  /** Has any of these flags. */
  flags: z.array(objectFlagSchema).min(1).optional(),
  /** Area of the bounding box in pixels squared, both ends included. COCO: small < 1024 <= medium < 9216 <= large. */
  area: range.optional(),
  /** Width / height of the bounding box. */
  aspect: range.optional(),
  /** Has this attribute, with this value when one is given. */
  attribute: z.strictObject({ name: z.string(), value: attributeValueSchema.optional() }).optional(),
  /** `manual`: drawn by hand; else as stored: `import`, `run:r3`... */
  provenance: z.string().optional(),
})
export type ObjectFilter = z.infer<typeof objectFilterSchema>

/** All given conditions hold. */
export const sampleFilterSchema = z.strictObject({
  /** Only these, e.g. the images behind a figure. */
  ids: z.array(z.int()).optional(),
  split: z.union([splitSchema, z.literal('none')]).optional(),
  /** Has an annotation with this label id. */
  label: z.int().optional(),
  /** Has an annotation with each of these label ids. */
  allLabels: z.array(z.int()).min(1).optional(),
  /** Has no annotation with any of these label ids. */
  noLabels: z.array(z.int()).min(1).optional(),
  /** Has an object that satisfies this. */
  object: objectFilterSchema.optional(),
  state: sampleStateSchema.optional(),
  reviewed: z.boolean().optional(),
  /** true: without any annotation. */
  empty: z.boolean().optional(),
  /** Number of annotations, both ends included. */
  count: range.optional(),
  /** Part of the path, letter case ignored. */
  text: z.string().optional(),
  /** Has any of these tags. */
  tags: z.array(z.string()).min(1).optional(),
  /** false: without any tag. */
  tagged: z.boolean().optional(),
  /** Highest score among the stored predictions of a source (`run:r3`...), both ends included. */
  prediction: z.strictObject({ source: z.string(), ...range.shape }).optional(),
  /** A stored figure per sample (`loss`, `uncertainty`, `disagreement`...), both ends included. */
  score: z.strictObject({ kind: z.string(), ...range.shape }).optional(),
  /** Has a finding of this code in the last lint. */
  lint: z.string().optional(),
  /** Came with this import. */
  import: z.int().optional(),
})
export type SampleFilter = z.infer<typeof sampleFilterSchema>

/**
 * name: natural order (img2 before img10) of the file names. path: folder by folder, names in natural order. added:
 * as they came into the project. annotations: their number. size: pixels. `score:<kind>`: a stored figure per sample,
 * e.g. `score:loss`; samples without one come last either way.
 */
export const sampleSortSchema = z.union([
  z.enum(['name', 'path', 'added', 'annotations', 'size']),
  z.templateLiteral(['score:', z.string().min(1).max(100)]),
])
export type SampleSort = z.infer<typeof sampleSortSchema>

export const sampleOrderSchema = z.object({
  filter: sampleFilterSchema.default({}),
  sort: sampleSortSchema.default('added'),
  descending: z.boolean().default(false),
})
export type SampleOrder = z.infer<typeof sampleOrderSchema>

export const sampleSelectionSchema = z.union([
  z.strictObject({ ids: z.array(z.int()).min(1) }),
  z.strictObject({ filter: sampleFilterSchema }),
])
export type SampleSelection = z.infer<typeof sampleSelectionSchema>
