/**
 * The machine's folders, for hosts without native dialogs: the window asks where to open, import from and save to.
 * Paths are absolute, in the notation of the machine that the host runs on.
 */
import { z } from 'zod'
import { defineContract, noInput, noOutput } from './rpc'

export const placeSchema = z.object({
  kind: z.enum(['home', 'projects', 'pictures', 'documents', 'desktop', 'downloads', 'drive', 'root']),
  /** Name of the folder or drive, for those kinds whose title is not a word of the window. */
  name: z.string(),
  path: z.string(),
})
export type Place = z.infer<typeof placeSchema>

export const folderEntrySchema = z.object({
  name: z.string(),
  path: z.string(),
  /** project: a folder with a project in it. annotations: a file that an import may understand (JSON, XML, YAML...). */
  kind: z.enum(['folder', 'project', 'image', 'annotations', 'model', 'archive', 'file']),
  /** Bytes; null for folders. */
  size: z.number().nullable(),
  /** ISO 8601, UTC; null when the system does not tell. */
  modifiedAt: z.string().nullable(),
})
export type FolderEntry = z.infer<typeof folderEntrySchema>

export const filesContract = defineContract({
  methods: {
    /** Where to begin: the person's folders that exist, then drives. */
    places: { input: noInput, output: z.object({ places: z.array(placeSchema), separator: z.string() }) },
    /**
     * What is in a folder: folders first, then files, each in natural order. Hidden entries are left out unless asked
     * for. Throws `not-found`, `not-a-folder`, `no-access`.
     */
    list: {
      input: z.object({
        /** Default: the person's home. A file means the folder it is in. */
        path: z.string().optional(),
        hidden: z.boolean().default(false),
        limit: z.int().min(1).max(20_000).default(5000),
      }),
      output: z.object({
        path: z.string(),
        name: z.string(),
        /** null: a root. */
        parent: z.string().nullable(),
        /** From the root down to this folder itself. */
        trail: z.array(z.object({ name: z.string(), path: z.string() })),
        entries: z.array(folderEntrySchema),
        /** Of the whole folder, also beyond `limit`. */
        counts: z.object({ folders: z.int(), images: z.int(), files: z.int() }),
        /** true: a project may be created or images be saved here. */
        writable: z.boolean(),
        isProject: z.boolean(),
      }),
    },
    /**
     * Images in a folder and below it, counted for at most `milliseconds`; `complete` false: there are more.
     */
    countImages: {
      input: z.object({ path: z.string().min(1), milliseconds: z.int().min(10).max(5000).default(500) }),
      output: z.object({ images: z.int(), folders: z.int(), complete: z.boolean() }),
    },
    /** Throws `exists`, `bad-name`, `not-found`, `no-access`. */
    createFolder: {
      input: z.object({ parent: z.string().min(1), name: z.string().min(1).max(255) }),
      output: z.object({ path: z.string() }),
    },
    /** Shows a file or folder in the file manager of the host's machine; see `capabilities.revealInFolder`. */
    reveal: { input: z.object({ path: z.string().min(1) }), output: noOutput },
  },
})
