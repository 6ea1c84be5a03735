/** What looks wrong in the data set, found by a scan, and the repairs that can be made. */
import { z } from 'zod'
import { lintCodes } from '../domain/lint'
import { defineContract, noInput } from './rpc'
import { startedJobSchema } from './jobs'

export const lintCodeSchema = z.enum(lintCodes)
export const lintSeveritySchema = z.enum(['error', 'warning', 'info'])

export const lintIssueSchema = z.object({
  id: z.int(),
  code: lintCodeSchema,
  severity: lintSeveritySchema,
  /** null: about the whole project. */
  sample: z.int().nullable(),
  annotation: z.int().nullable(),
  label: z.int().nullable(),
  /** The fact with its numbers, in English; `values` has the numbers. */
  message: z.string(),
  values: z.record(z.string(), z.union([z.string(), z.number()])),
  /** What `fix` would do; null: only a person can tell. */
  fix: z.enum(['remove', 'clip', 'pad', 'swap', 'delete-label']).nullable(),
})
export type LintIssue = z.infer<typeof lintIssueSchema>

const chosen = z.union([
  z.strictObject({ issues: z.array(z.int()).min(1).max(10_000) }),
  z.strictObject({ code: lintCodeSchema }),
])

export const lintContract = defineContract({
  methods: {
    /** Scans the whole project. Job result: `{issues, counts}`. Later edits of a few samples are followed by `list`. */
    run: { input: noInput, output: startedJobSchema },
    /** In order of severity, code, sample. Leaves out what is repaired or gone meanwhile, as far as it is known. */
    list: {
      input: z.object({
        codes: z.array(lintCodeSchema).min(1).optional(),
        sample: z.int().optional(),
        limit: z.int().min(1).max(1000).default(100),
        offset: z.int().min(0).default(0),
      }),
      output: z.object({
        issues: z.array(lintIssueSchema),
        /** That match. */
        total: z.int(),
        /** Of all codes, whatever was asked for. */
        counts: z.array(
          z.object({ code: lintCodeSchema, severity: lintSeveritySchema, issues: z.int(), fixable: z.int() }),
        ),
        /** false: never scanned, or so much has changed since that only a new scan tells. */
        fresh: z.boolean(),
        /** ISO 8601, UTC; null: never. */
        scannedAt: z.string().nullable(),
      }),
    },
    /**
     * Repairs the chosen findings, or all of a code, in one undo step. Each is looked at again first; `skipped` ones were
     * no longer there or have no repair.
     */
    fix: { input: chosen, output: z.object({ fixed: z.int(), skipped: z.int() }) },
  },
  events: {
    /** Findings changed: ask `list` again. */
    changed: z.object({}),
  },
})
