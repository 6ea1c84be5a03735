/** The process and the machine: versions, providers, free space; what this host can do. */
import { z } from 'zod'
import { providerSchema } from '../domain/recipe'
import { defineContract, noInput } from './rpc'

/** Raised when a method or event changes incompatibly; processes with different numbers do not attach to each other. */
export const contractVersion = 1

/** One execution provider of ONNX Runtime as probed in a worker process. */
export const providerProbeSchema = z.object({
  id: providerSchema.exclude(['auto']),
  /** A session was created and computed the right numbers. */
  available: z.boolean(),
  /** Why it is not available. */
  reason: z.string().nullable().default(null),
  /** Adapter or processor name, where the provider tells. */
  device: z.string().nullable().default(null),
  /** Largest absolute difference to the reference on the probe program. */
  error: z.number().nullable().default(null),
  /** Time of one run of the probe program. */
  milliseconds: z.number().nullable().default(null),
})
export type ProviderProbe = z.infer<typeof providerProbeSchema>

export const doctorSchema = z.object({
  /** `tagwright`, `node`, `sqlite`, `onnxruntime`, `sharp`...: version, or null when it did not load. */
  versions: z.record(z.string(), z.string().nullable()),
  system: z.object({ platform: z.string(), arch: z.string(), release: z.string(), cpu: z.string(), cores: z.int() }),
  providers: z.array(providerProbeSchema),
  /** Bytes; of the file system that holds `path`. */
  disk: z.object({ path: z.string(), free: z.number(), total: z.number() }),
  /** Bytes. */
  memory: z.object({ free: z.number(), total: z.number() }),
  /** What needs attention: each with the next step in its message. */
  problems: z.array(z.object({ code: z.string(), message: z.string() })),
})
export type Doctor = z.infer<typeof doctorSchema>

export const systemContract = defineContract({
  methods: {
    version: {
      input: noInput,
      output: z.object({ version: z.string(), contract: z.int(), pid: z.int(), project: z.string().nullable() }),
    },
    doctor: { input: noInput, output: doctorSchema },
    /** The window asks this, never which host it is in. */
    capabilities: {
      input: noInput,
      output: z.object({
        host: z.enum(['cli', 'browser', 'electron']),
        project: z.string().nullable(),
        /** false: the window shows the folder browser of `files`. */
        nativeDialogs: z.boolean(),
        /** `files.reveal` works. */
        revealInFolder: z.boolean(),
        /** Of the host's machine, as Node names it: `linux`, `darwin`, `win32`. */
        platform: z.string(),
        version: z.string(),
        training: z.boolean(),
      }),
    },
  },
})
