/** Between the shell's main process and the core, its utility process: bytes for `app://` and the end of the program. */
import { z } from 'zod'
import { defineContract, noInput, noOutput } from './rpc'

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes')

export const coreContract = defineContract({
  methods: {
    /** What a route answers. A file is only named: the main process streams it. */
    fetch: {
      input: z.object({
        method: z.string(),
        /** Path and query. */
        path: z.string().startsWith('/'),
        headers: z.record(z.string(), z.string()),
        body: bytes.nullable(),
      }),
      output: z.object({
        status: z.int(),
        headers: z.record(z.string(), z.string()),
        file: z
          .object({
            path: z.string(),
            mime: z.string(),
            cache: z.string().optional(),
            download: z.string().optional(),
          })
          .nullable(),
        body: bytes.nullable(),
      }),
    },
    /** Opens the project that was open before the core was lost. */
    open: { input: z.object({ folder: z.string() }), output: noOutput },
    /** How many jobs run or wait. */
    busy: { input: noInput, output: z.object({ jobs: z.int() }) },
    /** Interrupts jobs, closes the project, releases its lock. */
    close: { input: noInput, output: noOutput },
  },
  events: {
    /** null: none is open. */
    project: z.object({ folder: z.string().nullable() }),
  },
})

export const coreContracts = { core: coreContract }
