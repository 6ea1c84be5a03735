/** The person's recent projects, last opened first. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { projectFileName } from './store'
import { readUserFile, writeUserFile } from './user-file'

const entrySchema = z.object({ folder: z.string(), name: z.string(), task: z.string(), openedAt: z.string() })
export type RecentEntry = z.infer<typeof entrySchema>
const fileSchema = z.object({ recents: z.array(entrySchema) })

const most = 30

export interface Recents {
  list(): (RecentEntry & { exists: boolean })[]
  add(entry: RecentEntry): void
  remove(folder: string): void
}

/** @param folder null: nothing is remembered. */
export function createRecents(folder: string | null): Recents {
  const file = folder === null ? null : join(folder, 'recent-projects.json')
  // Read at every use: several hosts share the file.
  const read = (): RecentEntry[] => (file === null ? [] : (readUserFile(file, fileSchema)?.recents ?? []))
  const write = (recents: RecentEntry[]) => {
    if (file !== null) writeUserFile(file, { recents: recents.slice(0, most) })
  }
  return {
    list: () => read().map((entry) => ({ ...entry, exists: existsSync(join(entry.folder, projectFileName)) })),
    add: (entry) => write([entry, ...read().filter(({ folder }) => folder !== entry.folder)]),
    remove(folder) {
      const all = read()
      const rest = all.filter((entry) => entry.folder !== folder)
      if (rest.length < all.length) write(rest)
    },
  }
}
