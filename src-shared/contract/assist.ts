/**
 * Training while somebody labels: after every few new labels the head of a model learns from all of them in the
 * background, and the images that come next are predicted with what it learned. It is one run of the project, whose
 * weights are replaced each time; its trunk stays as it is, so that what the trunk makes of an image is computed once.
 */
import { z } from 'zod'
import { errorShapeSchema } from './jobs'
import { defineContract, noInput, noOutput } from './rpc'

export const assistStateSchema = z.object({
  on: z.boolean(),
  /** New labels after which it learns. */
  every: z.int(),
  /** Labels since it learned last. */
  fresh: z.int(),
  /** starting: a process and a model are opened for the first time. */
  status: z.enum(['off', 'waiting', 'starting', 'learning']),
  /** Whose weights it has; null before it has learned once. */
  run: z.string().nullable(),
  /** What it began from: a run's id, or the name of a file. */
  base: z.string().nullable(),
  /** Times that it has learned. */
  rounds: z.int(),
  /** Of the last round. */
  last: z
    .object({
      /** ISO 8601. */
      at: z.string(),
      /** From the label that began it to predictions on the images that come next. */
      seconds: z.number(),
      /** Images it learned from, and those whose features had to be computed. */
      images: z.int(),
      computed: z.int(),
      steps: z.int(),
      /** Mean loss of the last steps. */
      loss: z.number(),
    })
    .nullable(),
  problem: errorShapeSchema.nullable(),
})
export type AssistState = z.infer<typeof assistStateSchema>

export const assistContract = defineContract({
  methods: {
    state: { input: noInput, output: assistStateSchema },
    /**
     * Begins, or changes `every`. It begins from `weights` (as in a recipe), else from the best run of the project, else
     * from the smallest published detector that is on this machine. Throws `no-project`, `unknown-kind` for tasks without
     * boxes, `no-weights` when there is nothing to begin from.
     */
    start: {
      input: z.object({ every: z.int().min(1).max(1000).default(10), weights: z.string().nullable().default(null) }),
      output: assistStateSchema,
    },
    /** What it learned stays as a run. */
    stop: { input: noInput, output: assistStateSchema },
    /**
     * The images that will be shown next, in order: those without labels are predicted, now and after each round.
     */
    look: { input: z.object({ samples: z.array(z.int()).max(64) }), output: noOutput },
  },
  events: { changed: assistStateSchema },
})
