/** What is drawn on a sample. One `apply` is one gesture: committed when it answers, one undo step. */
import { z } from 'zod'
import { flagsSchema, shapeSchema } from '../domain/annotation'
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
