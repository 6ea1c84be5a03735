/** Attributes of annotations beyond difficult, truncated and occluded: what the project defines and what is in use. */
import { z } from 'zod'
import { attributeSchema, attributeValueSchema } from '../domain/attribute'
import { defineContract, noInput, noOutput } from './rpc'

const name = z.string().trim().min(1).max(200)

export const attributesContract = defineContract({
  methods: {
    /** In the order in which they are shown. */
    list: { input: noInput, output: z.object({ attributes: z.array(attributeSchema) }) },
    /** Names that annotations have values for, defined or not, with their most frequent values (at most 50 each). */
    usage: {
      input: noInput,
      output: z.object({
        names: z.array(
          z.object({
            name: z.string(),
            defined: z.boolean(),
            annotations: z.int(),
            values: z.array(z.object({ value: attributeValueSchema, annotations: z.int() })),
          }),
        ),
      }),
    },
    /** Adds the attribute, or replaces the one of the same name; values that are there stay. */
    put: { input: z.object({ attribute: attributeSchema }), output: noOutput },
    /** Throws `not-found`; `attribute-exists`. Values follow. */
    rename: { input: z.object({ from: name, to: name }), output: z.object({ annotations: z.int() }) },
    /** Takes away the definition, and with `values` also what annotations say. */
    remove: {
      input: z.object({ name, values: z.boolean().default(false) }),
      output: z.object({ annotations: z.int() }),
    },
    reorder: { input: z.object({ names: z.array(name) }), output: noOutput },
  },
})
