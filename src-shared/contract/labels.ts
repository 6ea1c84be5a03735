/** Classes. Their index order is locked; every operation covers the whole project and is one undo step. */
import { z } from 'zod'
import { labelSchema } from '../domain/label'
import { skeletonSchema } from '../domain/skeleton'
import { defineContract, noInput, noOutput } from './rpc'

/** An id, or the exact name. */
export const labelRefSchema = z.union([z.int(), z.string().min(1)])
const color = z.string().regex(/^#[0-9a-f]{6}$/i, 'must look like #0072b2')
/** keep-gap: the index stays taken by an unused class. reindex: higher indices move down by one. */
export const gapModeSchema = z.enum(['keep-gap', 'reindex'])

export const labelUsageSchema = z.object({ annotations: z.int(), samples: z.int() })

export const projectLabelSchema = z.object({
  ...labelSchema.shape,
  /** A deleted class whose index stays taken. */
  gap: z.boolean(),
  skeleton: skeletonSchema.nullable(),
  ...labelUsageSchema.shape,
})
export type ProjectLabel = z.infer<typeof projectLabelSchema>

export const labelsContract = defineContract({
  methods: {
    /** In index order, gaps included. */
    list: { input: noInput, output: z.object({ labels: z.array(projectLabelSchema) }) },
    /** Appended in the order given. Throws `label-exists`. */
    add: {
      input: z.object({
        labels: z
          .array(z.object({ name: z.string().min(1), color: color.optional(), cocoId: z.int().min(0).optional() }))
          .min(1),
      }),
      output: z.object({ ids: z.array(z.int()) }),
    },
    /** Throws `label-exists` when another label has the name. */
    rename: { input: z.object({ label: labelRefSchema, name: z.string().min(1) }), output: noOutput },
    recolor: { input: z.object({ label: labelRefSchema, color }), output: noOutput },
    /** What merging or deleting these labels would touch. */
    preview: { input: z.object({ labels: z.array(labelRefSchema).min(1) }), output: labelUsageSchema },
    /** Annotations of `from` get the label `into`; the labels `from` are removed. */
    merge: {
      input: z.object({
        from: z.array(labelRefSchema).min(1),
        into: labelRefSchema,
        gaps: gapModeSchema.default('reindex'),
      }),
      output: z.object({ annotations: z.int() }),
    },
    /** Removes the label with its annotations. */
    delete: {
      input: z.object({ label: labelRefSchema, gaps: gapModeSchema }),
      output: z.object({ annotations: z.int() }),
    },
  },
})
