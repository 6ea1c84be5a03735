/**
 * The person's settings: small JSON values by name (`theme`, `locale`, `keymap`...), kept by the host for all windows
 * and projects. A browser's own storage would be lost with the next port of the server.
 */
import { z } from 'zod'
import { defineContract, noInput, noOutput } from './rpc'

/** JSON by name; 200 characters of name, and 256 kB of all together, are enough for any setting. */
export const settingsSchema = z.record(z.string().min(1).max(200), z.json())
export type Settings = z.infer<typeof settingsSchema>

export const settingsContract = defineContract({
  methods: {
    get: { input: noInput, output: z.object({ values: settingsSchema }) },
    /** Replaces the named values; null takes one away. Throws `settings-too-large`. */
    set: { input: z.object({ values: settingsSchema }), output: noOutput },
  },
  events: {
    /** What changed; null: taken away. */
    changed: z.object({ values: settingsSchema }),
  },
})
