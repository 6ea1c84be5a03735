/**
 * Images as the window shows them, what is done with image files in the background, and files that come by upload.
 * Pixels travel as bytes, never by a call:
 * - `GET /media/:id?w=256` upright WebP at most that wide (the next of 64, 128, 256, 512, 1024, 2048, 4096).
 * - `GET /media/:id/full` the original where browsers decode and turn it themselves, else an upright lossless copy.
 *   Both with `of=pair`: the image that is the sample's truth, such as the clean one of a noisy one.
 * - `GET /media/:id/info` what `info` answers.
 * - `GET /media/:id/tile/:level/:column/:row` a tile of a large image; 404 with code `tile-pending` while it is being
 *   made: ask again after the next `progress` event of that sample.
 * Every answer carries an ETag; with `?v=<version>` of `info` it may be kept for ever.
 * - `PUT /upload/:upload?path=<relative name>` one file of an upload that `beginUpload` has opened.
 */
import { z } from 'zod'
import { splitSchema } from '../domain/split'
import { datasetsContract } from './datasets'
import { startedJobSchema } from './jobs'
import { defineContract, noInput, noOutput } from './rpc'

const bySample = z.object({ sample: z.int() })

export const tileStateSchema = z.enum(['waiting', 'building', 'ready', 'failed'])

export const imageLevelSchema = z.object({
  /** Pixels of the whole image at this level. */
  width: z.int(),
  height: z.int(),
  /** Tiles across and down. */
  columns: z.int(),
  rows: z.int(),
})

export const imageInfoSchema = z.object({
  sample: z.int(),
  /** Upright pixels. */
  width: z.int(),
  height: z.int(),
  /** Of the file's content (time and size); for `?v=`. */
  version: z.string(),
  bytes: z.number(),
  /** true: draw tiles; `/full` is refused with `image-too-large`. */
  tiled: z.boolean(),
  /** Side of a tile in pixels; tiles at the right and lower edge are smaller, tiles do not overlap. */
  tileSize: z.int(),
  /** Level 0 is the image; each next one has half its size, rounded up; the last fits into one tile. Empty unless tiled. */
  levels: z.array(imageLevelSchema),
  /** `ready` for images that are not tiled. */
  state: tileStateSchema,
  /** Levels from `complete` on (coarser ones) have all of their tiles; `levels.length`: none yet; 0: all are there. */
  complete: z.int(),
  /** Share of the work that is done, 0..1. */
  done: z.number(),
  /** Why the tiles cannot be made. */
  error: z.string().nullable(),
})
export type ImageInfo = z.infer<typeof imageInfoSchema>

/** Result of a relink job. */
export const relinkReportSchema = z.object({
  folder: z.string(),
  /** Samples that were missing when the job began. */
  missing: z.int(),
  /** Found and changed (with `preview`: would be changed). */
  relinked: z.int(),
  byHash: z.int(),
  byNameAndSize: z.int(),
  /** Several files fit, so none was taken. */
  ambiguous: z.int(),
  stillMissing: z.int(),
  /** The first 1000. */
  matches: z.array(
    z.object({ sample: z.int(), from: z.string(), to: z.string(), by: z.enum(['hash', 'name-and-size', 'name']) }),
  ),
})
export type RelinkReport = z.infer<typeof relinkReportSchema>

export const backgroundSchema = z.object({
  /** files: looking whether images are there; images: thumbnails and hashes. */
  phase: z.enum(['idle', 'files', 'images']),
  done: z.int(),
  total: z.int(),
})
export type Background = z.infer<typeof backgroundSchema>

const importInput = datasetsContract.methods.import.input.shape

export const mediaContract = defineContract({
  methods: {
    /** Starts making the tiles of a large image. Throws `not-found`, `unreadable-image`. */
    info: { input: bySample, output: imageInfoSchema },
    /** The file behind a media URL, for hosts that stream it themselves. Throws `not-found`, `unreadable-image`. */
    resolve: {
      input: z.object({
        sample: z.int(),
        /** Left out: the whole image, as `/full`. */
        width: z.int().min(16).max(4096).optional(),
      }),
      output: z.object({ path: z.string(), mime: z.string(), version: z.string() }),
    },
    background: { input: noInput, output: backgroundSchema },
    /** Looks at every image file now; runs by itself when a project is opened. Answers how many changed their state. */
    checkFiles: {
      input: noInput,
      output: z.object({ samples: z.int(), missing: z.int(), nowMissing: z.int(), foundAgain: z.int() }),
    },
    /**
     * Starts a job whose result is a {@link RelinkReport}: looks below `folder` for files of missing samples, by content
     * (hash), else by name and size, else, where neither is known, by name and upright size. One undo step.
     */
    relink: {
      input: z.strictObject({ folder: z.string().min(1), preview: z.boolean().default(false) }),
      output: startedJobSchema,
    },
    /** Opens an upload; files follow by PUT, then `importUpload`. Limits are in bytes. */
    beginUpload: {
      input: z.strictObject({
        /** Name of the folder below `<project>/images`; a number is added when it is taken. */
        name: z.string().max(200).optional(),
      }),
      output: z.object({ upload: z.string(), maxFile: z.number(), maxUpload: z.number(), maxFiles: z.int() }),
    },
    /** Unpacks zips, moves the files to `<project>/images/<name>` and imports them; the job's result is an ImportReport. */
    importUpload: {
      input: z.strictObject({
        upload: z.string(),
        format: importInput.format,
        split: z.union([splitSchema, z.literal('auto')]).default('auto'),
        options: importInput.options,
      }),
      output: startedJobSchema,
    },
    /** Removes what was uploaded and not imported. */
    cancelUpload: { input: z.strictObject({ upload: z.string() }), output: noOutput },
  },
  events: {
    /** Tiles of a large image: at once when the work begins, then at most four times a second, and at its end. */
    progress: z.object({
      sample: z.int(),
      state: tileStateSchema,
      complete: z.int(),
      done: z.number(),
      error: z.string().nullable(),
    }),
    /** At most four times a second while work is done, and when it ends. */
    background: backgroundSchema,
  },
})
