/**
 * Folder mode, LabelImg's way of working: a folder of images with annotation files beside them or in a save folder. A
 * project is kept for the folder; files are read when it is opened and when they change outside, and every change of an
 * image in the project is written to its file. Files of images that nobody touched are never written.
 */
import { z } from 'zod'
import { projectInfoSchema } from './project'
import { defineContract, noInput, noOutput } from './rpc'

export const mirrorFormatSchema = z.enum(['voc', 'yolo'])
export type MirrorFormat = z.infer<typeof mirrorFormatSchema>

export const folderConflictSchema = z.object({
  sample: z.int(),
  /** Of the image, relative to the folder. */
  path: z.string(),
  /** Absolute path of the annotation file. */
  file: z.string(),
  message: z.string(),
})

export const folderStatusSchema = z.object({
  /** false: the open project was not made from a folder; the rest is empty then. */
  active: z.boolean(),
  /** Absolute. */
  folder: z.string().nullable(),
  /** Absolute; null: beside the images. */
  saveFolder: z.string().nullable(),
  format: mirrorFormatSchema,
  /** false: files are read, but nothing is written. */
  saves: z.boolean(),
  /** The class list that was given at the start. */
  classFile: z.string().nullable(),
  /** Images whose file is not up to date yet. */
  pending: z.int(),
  /** Edited in the window and outside at the same time: neither is overwritten until a person chooses. */
  conflicts: z.array(folderConflictSchema),
  /** Why files cannot be read or written at present; the edits are kept in the project and written later. */
  problems: z.array(z.object({ code: z.string(), message: z.string(), file: z.string() })),
  /** false: the system cannot watch the folder, so it is looked at every few seconds. */
  watched: z.boolean(),
})
export type FolderStatus = z.infer<typeof folderStatusSchema>

export const folderScanSchema = z.object({
  /** Images that were not in the project. */
  added: z.int(),
  /** Images that are no longer there; their rows are kept as missing. */
  missing: z.int(),
  /** Images whose annotations were taken from changed files. */
  read: z.int(),
  conflicts: z.int(),
})
export type FolderScan = z.infer<typeof folderScanSchema>

export const foldersContract = defineContract({
  methods: {
    /**
     * Opens the project of a folder and makes it when there is none. The project lies in a place of the user's own, or
     * with `project: 'folder'` in `<folder>/.tagwright`. Given values win over those of the last time.
     * Throws `not-found`, `no-images`, `bad-labels`, `not-writable`, and what opening a project throws.
     */
    open: {
      input: z.strictObject({
        /** Absolute: a folder of images, or one image in it. */
        path: z.string().min(1),
        /** Absolute: one class name a line; their order is kept for good. */
        classFile: z.string().min(1).nullable().default(null),
        /** Absolute; made when it is not there. */
        saveFolder: z.string().min(1).nullable().default(null),
        /** auto: that of the files found, else Pascal VOC. */
        format: z.union([mirrorFormatSchema, z.literal('auto')]).default('auto'),
        project: z.enum(['user', 'folder']).default('user'),
      }),
      output: z.object({
        project: projectInfoSchema,
        status: folderStatusSchema,
        /** The image that was named. */
        sample: z.int().nullable(),
        /** What was found and not read, for people. */
        warnings: z.array(z.object({ code: z.string(), message: z.string(), file: z.string() })),
      }),
    },
    status: { input: noInput, output: folderStatusSchema },
    /** What is left out stays. A changed format or folder counts from the next change of each image on. */
    configure: {
      input: z.strictObject({
        saveFolder: z.string().min(1).nullable().optional(),
        format: mirrorFormatSchema.optional(),
        saves: z.boolean().optional(),
      }),
      output: folderStatusSchema,
    },
    /** Looks at all files now, and tries again what could not be written. */
    scan: { input: noInput, output: folderScanSchema },
    /** file: the project takes the file's annotations, one undo step. project: the file is written again. */
    resolve: { input: z.strictObject({ sample: z.int(), take: z.enum(['file', 'project']) }), output: noOutput },
  },
  events: {
    /** Something of the status changed. */
    changed: folderStatusSchema,
  },
})
