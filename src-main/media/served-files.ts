/** Files made for a client to fetch once or twice (previews, plots, reports), under random ids that end with the core. */
import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'

export interface ServedFile {
  path: string
  mime: string
  /** Proposed when it is saved. */
  name: string
}

/** The oldest are forgotten, so that a long session does not grow. */
const limit = 2000
const files = new Map<string, ServedFile>()

export function serveFile(file: ServedFile): { url: string; name: string; bytes: number } {
  const known = [...files].find(([, old]) => old.path === file.path && old.mime === file.mime)
  const id = known?.[0] ?? randomUUID()
  files.delete(id)
  files.set(id, file)
  if (files.size > limit) files.delete(files.keys().next().value!)
  return { url: `/files/${id}`, name: file.name, bytes: statSync(file.path).size }
}

export const servedFile = (id: string): ServedFile | undefined => files.get(id)
