/** Start weights: those that others published, fetched on request, and files of the person's own. Kept for all projects. */
import { z } from 'zod'
import { startedJobSchema } from './jobs'
import { defineContract, noInput, noOutput } from './rpc'

export const weightsSchema = z.object({
  /** What `--weights` and the recipe's `model.weights` take. */
  name: z.string(),
  title: z.string(),
  /** false: a file of the person's own. */
  published: z.boolean(),
  /** partial: a download was interrupted and goes on from there. */
  state: z.enum(['here', 'partial', 'absent']),
  /** Absolute path; null unless `here`. */
  file: z.string().nullable(),
  /** Of the whole file; null: not known before it is fetched. */
  bytes: z.number().nullable(),
  /** Of these on the disk. */
  have: z.number(),
  /** Stated by the catalogue, else as measured when the file came. */
  sha256: z.string().nullable(),
  /** The file had the catalogue's checksum when it came. */
  checked: z.boolean(),
  /** Catalog id of the model that they fit; null: not known. */
  model: z.string().nullable(),
  /** Authors' page and address of the file; null: a file of the person's own. */
  page: z.string().nullable(),
  url: z.string().nullable(),
  licence: z.string().nullable(),
  /** What they were trained on. */
  data: z.string().nullable(),
  /** Side of the input that they were trained for, px. */
  size: z.int().nullable(),
  /** COCO AP in per cent as the authors state it. */
  ap: z.number().nullable(),
  /** ISO 8601; null unless `here`. */
  addedAt: z.string().nullable(),
})
export type Weights = z.infer<typeof weightsSchema>

export const weightsContract = defineContract({
  methods: {
    /** Published ones from small to large, then those of the person's own by name. */
    list: { input: noInput, output: z.object({ folder: z.string(), weights: z.array(weightsSchema) }) },
    /**
     * Fetches published weights. An interrupted download goes on where it stopped. Job result: Weights. The job fails
     * with `offline`, `download-failed`, `download-interrupted`, `checksum-mismatch`, `disk-full`. Throws `unknown-id`.
     */
    get: { input: z.object({ name: z.string() }), output: startedJobSchema },
    /**
     * Copies an ONNX file or a checkpoint into the folder. A file with the checksum of published weights becomes these.
     * Throws `not-found`, `bad-model`, `external-data`, `exists` (another file has the name), `disk-full`.
     */
    add: {
      input: z.object({
        path: z.string(),
        /** Default: the file's name without its ending. */
        name: z
          .string()
          .regex(/^[^/\\:*?"<>|.][^/\\:*?"<>|]{0,79}$/, 'is no file name')
          .optional(),
      }),
      output: weightsSchema,
    },
    /**
     * For a window that has a file and no path: the file follows by one PUT to `url`, which answers what `add` answers
     * and throws what it throws. Another file of the same name gets a number.
     */
    upload: {
      input: z.object({
        /** The file's. */
        name: z.string().regex(/^[^/\\:*?"<>|.][^/\\:*?"<>|]{0,79}\.onnx$/i, 'is no name of an ONNX file'),
      }),
      output: z.object({ url: z.string() }),
    },
    /** Deletes the file, or what was fetched of it. Throws `not-found`. */
    remove: { input: z.object({ name: z.string() }), output: noOutput },
  },
  events: {
    changed: z.object({}),
  },
})
