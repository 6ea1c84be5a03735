/** Undo and redo: one linear history per project, shared by all clients; it survives restarts. */
import { z } from 'zod'
import { defineContract } from './rpc'

export const historyEntrySchema = z.object({
  id: z.int(),
  /** ISO 8601, UTC. */
  at: z.string(),
  reason: z.string(),
  /** The reason without its words, for other languages: a key of domain/reason; null: one that is not listed. */
  key: z.string().nullable(),
  /** What stands in the places of the braces. */
  values: z.record(z.string(), z.string()),
  /** false: undone. */
  done: z.boolean(),
  /** Number of rows it changed. */
  rows: z.int(),
})
export type HistoryEntry = z.infer<typeof historyEntrySchema>

const step = {
  input: z.object({
    /** Leave rows alone that an import or job has changed meanwhile, instead of refusing with `changed-since`. */
    skipChanged: z.boolean().default(false),
  }),
  output: z.object({
    /** null: there was nothing to undo or redo. */
    entry: historyEntrySchema.nullable(),
    revision: z.int(),
    /** With skipChanged: a message for each row that was left alone. */
    skipped: z.array(z.string()),
  }),
}

export const historyContract = defineContract({
  methods: {
    undo: step,
    redo: step,
    /** Newest first. */
    list: {
      input: z.object({ limit: z.int().min(1).max(1000).default(100), before: z.int().optional() }),
      output: z.object({
        entries: z.array(historyEntrySchema),
        /** Ids of the steps that would come next; null: none. */
        undo: z.int().nullable(),
        redo: z.int().nullable(),
      }),
    },
  },
})
