/** The open project: what it is, what is in it, and the imports that made it. */
import { z } from 'zod'
import { shapeSchema } from '../domain/annotation'
import { taskSchema, truthSchema } from '../domain/task'
import { defineContract, noInput, noOutput } from './rpc'

export const projectInfoSchema = z.object({
  /** Absolute path of the project folder. */
  folder: z.string(),
  name: z.string(),
  task: z.string(),
  /** What that task learns of an image. */
  truth: truthSchema,
  /** ISO 8601, UTC. */
  createdAt: z.string(),
  /** Counts changes; equal revisions mean equal data. */
  revision: z.int(),
  samples: z.object({
    total: z.int(),
    /** With at least one annotation. */
    labelled: z.int(),
    reviewed: z.int(),
    splits: z.object({ train: z.int(), val: z.int(), test: z.int(), none: z.int() }),
    states: z.object({ ok: z.int(), missing: z.int(), unreadable: z.int() }),
  }),
  annotations: z.object({
    total: z.int(),
    /** By kind of shape; kinds that do not occur are absent. */
    shapes: z.partialRecord(z.enum(shapeSchema.options.map((option) => option.shape.kind.value)), z.int()),
  }),
  /** In index order. */
  labels: z.array(
    z.object({
      id: z.int(),
      index: z.int(),
      name: z.string(),
      /** A deleted class whose index stays taken. */
      gap: z.boolean(),
      annotations: z.int(),
    }),
  ),
  runs: z.int(),
  imports: z.int(),
})
export type ProjectInfo = z.infer<typeof projectInfoSchema>

export const importSummarySchema = z.object({
  id: z.int(),
  source: z.string(),
  format: z.string().nullable(),
  status: z.enum(['done', 'removed']),
  finishedAt: z.string(),
  samples: z.int(),
  annotations: z.int(),
  labels: z.int(),
  report: z.unknown(),
})

export const importRemovalSchema = z.object({
  annotations: z.int(),
  samples: z.int(),
  /** Samples that stay because they have annotations that the import did not bring. */
  keptSamples: z.int(),
  labels: z.int(),
})

export const projectTableSchema = z.enum([
  'project',
  'skeleton',
  'label',
  'sample',
  'annotation',
  'import',
  'root',
  'prediction_box',
  'review_mark',
])
/** Most samples that one event names. */
export const maxNamedSamples = 1000

export const projectChangeSchema = z.object({
  revision: z.int(),
  /** Which kinds of rows changed; absent: any may have. */
  tables: z.array(projectTableSchema).optional(),
  /** Samples that changed themselves or whose annotations did; absent: not known, or more than 1000. */
  samples: z.array(z.int()).max(maxNamedSamples).optional(),
  /** true: samples came or left, so lists of ids are out of date whatever their filter. */
  sampleSet: z.boolean().optional(),
  /** What was done, for people; undo and redo name the step. */
  reason: z.string().optional(),
})
export type ProjectChange = z.infer<typeof projectChangeSchema>

export const projectContract = defineContract({
  methods: {
    /** Creates a project in a folder, which may exist, and opens it. Throws `project-exists`. */
    init: {
      input: z.object({
        folder: z.string().min(1),
        name: z.string().min(1).max(200).optional(),
        task: taskSchema.default('detect'),
      }),
      output: projectInfoSchema,
    },
    open: { input: z.object({ folder: z.string().min(1) }), output: projectInfoSchema },
    info: { input: noInput, output: projectInfoSchema },
    rename: { input: z.object({ name: z.string().min(1).max(200) }), output: noOutput },
    /** Oldest first. */
    imports: { input: noInput, output: z.object({ imports: z.array(importSummarySchema) }) },
    previewRemoveImport: { input: z.object({ import: z.int() }), output: importRemovalSchema },
    /** Takes out what one import brought; one undo step. */
    removeImport: { input: z.object({ import: z.int() }), output: importRemovalSchema },
  },
  events: {
    /** Samples, labels, annotations or settings changed: ask again for what is shown. */
    changed: projectChangeSchema,
  },
})
