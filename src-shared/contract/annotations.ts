/** What is drawn on a sample. One `apply` is one gesture: committed when it answers, one undo step. */
import { z } from 'zod'
import { keypointSchema, flagsSchema, shapeSchema } from '../domain/annotation'
import { attributesSchema, attributeValueSchema } from '../domain/attribute'
import { defineContract } from './rpc'

const extra = z.record(z.string(), z.unknown())

export const annotationSchema = z.object({
  id: z.int(),
  sample: z.int(),
  /** Label id. */
  label: z.int(),
  shape: shapeSchema,
  flags: flagsSchema,
  hidden: z.boolean(),
  locked: z.boolean(),
  /** Pixels squared, as stated by the imported file; null otherwise. */
  area: z.number().nullable(),
  /** Drawing order: higher is above. */
  z: z.int(),
  /** null: drawn by hand; `import`; `run:r3`... */
  provenance: z.string().nullable(),
  /** Own key/values; see contract/attributes. */
  attributes: attributesSchema,
  /** What the imported file said beside. */
  extra: extra.nullable(),
})
export type Annotation = z.infer<typeof annotationSchema>

const editable = {
  label: z.int(),
  shape: shapeSchema,
  flags: flagsSchema.partial(),
  hidden: z.boolean(),
  locked: z.boolean(),
  z: z.int(),
  extra: extra.nullable(),
  /** Values by name; null takes one away, names left out stay. Values of attributes the project defines must suit them. */
  attributes: z.record(z.string().min(1).max(200), attributeValueSchema.nullable()),
}

export const annotationChangeSchema = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('add'),
    sample: z.int(),
    ...editable,
    flags: editable.flags.default({}),
    hidden: editable.hidden.default(false),
    locked: editable.locked.default(false),
    z: editable.z.default(0),
    extra: editable.extra.default(null),
    attributes: editable.attributes.default({}),
    provenance: z.string().nullable().default(null),
  }),
  /** Fields left out stay; flags left out too. A new shape forgets the stated area. */
  z.strictObject({ op: z.literal('update'), id: z.int(), ...z.strictObject(editable).partial().shape }),
  z.strictObject({ op: z.literal('remove'), id: z.int() }),
])
export type AnnotationChange = z.infer<typeof annotationChangeSchema>

export const annotationsContract = defineContract({
  methods: {
    /** In drawing order. */
    list: { input: z.object({ sample: z.int() }), output: z.object({ annotations: z.array(annotationSchema) }) },
    /**
     * Boxes of many samples at once, for thumbnails: `[label, x1, y1, x2, y2]`, the largest first, at most `limit` a
     * sample; objects without a box (image tags) and hidden ones are left out. `total` counts all annotations.
     */
    listMany: {
      input: z.object({
        samples: z.array(z.int()).max(1000),
        limit: z.int().min(0).max(1000).default(50),
      }),
      output: z.object({
        samples: z.array(
          z.object({
            sample: z.int(),
            total: z.int(),
            boxes: z.array(z.tuple([z.int(), z.number(), z.number(), z.number(), z.number()])),
            /** Points (x, y, v) of those that are poses. */
            poses: z.array(z.object({ label: z.int(), points: z.array(keypointSchema) })),
            /** Labels of the whole image. */
            tags: z.array(z.int()),
          }),
        ),
      }),
    },
    /**
     * All or nothing, in order. `merge` joins the step before when it has the same reason and the same rows (nudges).
     * Answers the id of every change's annotation, in order.
     */
    apply: {
      input: z.object({
        /** Shown in the history: `Draw box`, `Move`. */
        reason: z.string().min(1).max(200),
        changes: z.array(annotationChangeSchema).min(1).max(100_000),
        merge: z.boolean().default(false),
      }),
      output: z.object({ ids: z.array(z.int()), revision: z.int() }),
    },
  },
})
