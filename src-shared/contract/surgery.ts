/** Blocks put after stages of a recipe's model: what can go where, and what it costs. */
import { z } from 'zod'
import { defineContract } from './rpc'
import { modelInfoSchema } from './training'

export const surgeryContract = defineContract({
  methods: {
    /** Throws `bad-recipe` and `unknown-id` for the recipe; a surgery that does not fit is told in `problem`. */
    describe: {
      input: z.object({ recipe: z.record(z.string(), z.unknown()) }),
      output: z.object({
        /** In the order of computation; `outer`: no part of another one. Empty: nothing can be put into this model. */
        stages: z.array(z.object({ name: z.string(), channels: z.int(), stride: z.number(), outer: z.boolean() })),
        blocks: z.array(
          z.object({
            id: z.string(),
            title: z.string(),
            group: z.enum(['attention', 'convolution']),
            source: z.string(),
            /** How it becomes the identity at step 0. */
            start: z.string(),
          }),
        ),
        /** Without and with blocks; null where the model needs a file. */
        before: modelInfoSchema.nullable(),
        after: modelInfoSchema.nullable(),
        problem: z.string().nullable(),
      }),
    },
  },
})
