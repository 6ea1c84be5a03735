/** Classes. Their index order is locked; every operation covers the whole project and is one undo step. */
import { z } from 'zod'
import { labelSchema } from '../domain/label'
import { skeletonSchema } from '../domain/skeleton'
import { objectFilterSchema, sampleFilterSchema } from './filter'
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
  /** The key that picks it: as set, else the digits 1 to 9 by index where no other label has them; null: none. */
  hotkey: z.string().nullable(),
  ...labelUsageSchema.shape,
})
export type ProjectLabel = z.infer<typeof projectLabelSchema>

/** One key as key handlers write it: `q`, `F2`, `Shift+d`. */
export const hotkeySchema = z.string().regex(/^[^\s]{1,30}$/, 'must be one key like q, F2 or Shift+d')

export const classFileFormatSchema = z.enum(['text', 'yaml'])

const skeletonChange = {
  label: labelRefSchema,
  skeleton: skeletonSchema.nullable(),
  /**
   * Per point of the new skeleton: the index of the old point whose coordinates it takes over, null for a new point
   * (absent on what is labelled already). Default: the old point of the same name.
   */
  sources: z.array(z.int().min(0).nullable()).optional(),
}
const splitChoice = {
  label: labelRefSchema,
  /** Which of its objects; all conditions hold. */
  objects: objectFilterSchema.omit({ labels: true }).default({}),
  /** On which samples. */
  samples: sampleFilterSchema.default({}),
}

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
    /** Gives these labels (default: all) the colours of the colour-blind-safe palette, by index. */
    resetColors: { input: z.object({ labels: z.array(labelRefSchema).optional() }), output: noOutput },
    /**
     * `auto`: the digit of its index again; null: none. Throws `hotkey-taken`, naming the other label, unless `replace`
     * takes it from there.
     */
    setHotkey: {
      input: z.object({
        label: labelRefSchema,
        hotkey: hotkeySchema.nullable(),
        replace: z.boolean().default(false),
      }),
      output: noOutput,
    },
    /**
     * Gives all labels (gaps included) a new index order; annotations keep their label. Runs keep the order that they
     * were trained with; files written earlier (YOLO, class lists) do not. Throws `order-locked` without `unlock`.
     */
    reorder: {
      input: z.object({ order: z.array(labelRefSchema), unlock: z.boolean().default(false) }),
      output: noOutput,
    },
    /** What `setSkeleton` would touch: labelled points that would be lost, and instances left without a point. */
    previewSkeleton: {
      input: z.object(skeletonChange),
      output: z.object({ ...labelUsageSchema.shape, lostPoints: z.int(), emptied: z.int() }),
    },
    /**
     * Defines or edits the keypoints of a label; what is labelled already follows. Throws `bad-skeleton`; null, which
     * takes the skeleton away, throws `in-use` while there are keypoint annotations.
     */
    setSkeleton: { input: z.object(skeletonChange), output: z.object({ annotations: z.int() }) },
    previewSplit: { input: z.object(splitChoice), output: labelUsageSchema },
    /** Moves some of a label's objects to another label, which is added when it is a new name. */
    split: {
      input: z.object({ ...splitChoice, into: z.string().min(1) }),
      output: z.object({ annotations: z.int(), into: z.int() }),
    },
    /** The classes as a file: `text` one name a line (gaps too), `yaml` with colours, keys and skeletons. */
    toFile: {
      input: z.object({ format: classFileFormatSchema.default('text') }),
      output: z.object({ name: z.string(), text: z.string() }),
    },
    /**
     * Reads a class file: names that the project lacks are appended in the file's order, with what a YAML file says about
     * them; labels that are there stay as they are. `sameOrder` false: the file's indices differ from the project's.
     * With `preview` nothing is changed. Throws `bad-class-file`.
     */
    fromFile: {
      input: z.object({ text: z.string().max(10_000_000), preview: z.boolean().default(false) }),
      output: z.object({
        format: classFileFormatSchema,
        added: z.array(z.string()),
        existing: z.array(z.string()),
        sameOrder: z.boolean(),
      }),
    },
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
