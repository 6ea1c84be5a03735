/** Bringing data in and out: formats, imports with their reports, exports. */
import { z } from 'zod'
import { shapeSchema } from '../domain/annotation'
import { splitSchema } from '../domain/split'
import { startedJobSchema } from './jobs'
import { defineContract, noInput } from './rpc'

export const datasetIssueSchema = z.object({
  level: z.enum(['skipped', 'warning']),
  /** Stable, kebab-case, e.g. `zero-area`. */
  code: z.string(),
  message: z.string(),
  /** Relative to the imported folder. */
  file: z.string(),
  /** 1-based. */
  line: z.int().optional(),
})

/** How often each code occurred; the lists of a report hold at most 100 of a code. */
const issueCounts = z.record(z.string(), z.int())
const issueLists = {
  /** Rows that were not taken. */
  skipped: z.array(datasetIssueSchema),
  /** Rows that were taken with a change or a doubt. */
  warnings: z.array(datasetIssueSchema),
  counts: z.object({ skipped: z.int(), warnings: z.int(), codes: issueCounts }),
}

/** Result of an import job. */
export const importReportSchema = z.object({
  /** Ids of the imports, one per source; `project.removeImport` takes them out. */
  imports: z.array(z.int()),
  /** Format ids joined by "+" when the paths hold several. */
  format: z.string(),
  /** New rows. */
  samples: z.int(),
  annotations: z.int(),
  labels: z.int(),
  /** Samples that the project had before, and annotations that they had already. */
  matchedSamples: z.int(),
  unchangedAnnotations: z.int(),
  /** Of all samples in the imported data. */
  splits: z.object({ train: z.int(), val: z.int(), test: z.int(), none: z.int() }),
  states: z.object({ ok: z.int(), missing: z.int(), unreadable: z.int() }),
  ...issueLists,
  seconds: z.number(),
})
export type ImportReport = z.infer<typeof importReportSchema>

/** Result of an export-data job. */
export const exportReportSchema = z.object({
  format: z.string(),
  /** Absolute folder. */
  out: z.string(),
  samples: z.int(),
  annotations: z.int(),
  files: z.int(),
  images: z.int(),
  ...issueLists,
  seconds: z.number(),
})
export type ExportReport = z.infer<typeof exportReportSchema>

const formatOptions = z.record(z.string(), z.unknown())

export const datasetsContract = defineContract({
  methods: {
    formats: {
      input: noInput,
      output: z.object({
        formats: z.array(
          z.object({
            id: z.string(),
            title: z.string(),
            shapes: z.array(z.enum(shapeSchema.options.map((option) => option.shape.kind.value))),
            /** Proposal for the option `label`: the class of all objects, which the files do not name. null: they do. */
            label: z.string().nullable(),
          }),
        ),
      }),
    },
    /** Which formats the content fits in this project, best first. Throws `not-found`, `no-access`. */
    match: {
      input: z.object({ paths: z.array(z.string().min(1)).min(1) }),
      output: z.object({
        sources: z.array(
          z.object({
            root: z.string(),
            matches: z.array(z.object({ id: z.string(), title: z.string(), score: z.number().min(0).max(1) })),
          }),
        ),
      }),
    },
    /**
     * Starts a job whose result is an {@link ImportReport}. It fails with `empty-folder`, `unknown-format`,
     * `format-mismatch`, and `ambiguous-format` (`details.candidates`) when several formats fit equally.
     */
    import: {
      input: z.strictObject({
        /** Absolute: folders, images, or annotation files such as a COCO JSON or a data.yaml. */
        paths: z.array(z.string().min(1)).min(1),
        format: z.string().default('auto'),
        /** Replaces the splits that the files state. */
        split: z.union([splitSchema, z.literal('auto')]).default('auto'),
        /** Absolute path of a class list: one name a line, or a YAML file with `names`. */
        labels: z.string().min(1).nullable().default(null),
        /** Copies images into the project instead of referring to them. */
        copy: z.boolean().default(false),
        /** Of the format, e.g. `{origin: 'official'}` for voc, `{task: 'obb'}` for yolo. */
        options: formatOptions.default({}),
      }),
      output: startedJobSchema,
    },
    /**
     * Starts a job whose result is an {@link ExportReport}. It fails before anything is written with `folder-not-empty`
     * (unless `force`) and `name-collision` (unless `rename`); nothing but files of the same name is ever replaced.
     */
    export: {
      input: z.strictObject({
        format: z.string(),
        /** Absolute folder; made when it is not there. */
        out: z.string().min(1),
        /** Empty: all samples. */
        splits: z.array(splitSchema).default([]),
        /** reference: only annotation files are written. */
        images: z.enum(['copy', 'reference']).default('copy'),
        force: z.boolean().default(false),
        /** Gives images whose names collide a number; `names.csv` says which. */
        rename: z.boolean().default(false),
        /** `out` is a zip file to write. Throws `file-exists` unless `force`. */
        zip: z.boolean().default(false),
        options: formatOptions.default({}),
      }),
      output: startedJobSchema,
    },
  },
})
