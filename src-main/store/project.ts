/** Table `project`: the one row of settings, and the revision that counts changes. */
import { TagwrightError } from '@shared/base/errors'
import { sql, type ReadDb, type WriteDb } from './db'

export interface Project {
  name: string
  task: string
  settings: Record<string, unknown>
  /** ISO 8601, UTC. */
  createdAt: string
  revision: number
}

export function getProject(db: ReadDb): Project {
  const row = sql<{ name: string; task: string; settings: string; created_at: string; revision: number }>(
    db,
    'SELECT * FROM project',
  ).get()
  if (!row)
    throw new TagwrightError(
      'corrupt-project',
      `${db.name} has no project row. Put the newest copy from "backups" in its place.`,
    )
  return {
    name: row.name,
    task: row.task,
    settings: JSON.parse(row.settings) as Record<string, unknown>,
    createdAt: row.created_at,
    revision: row.revision,
  }
}

export function insertProject(db: WriteDb, project: { name: string; task: string }, now: Date): void {
  sql(db, 'INSERT INTO project (id, name, task, created_at) VALUES (1, ?, ?, ?)').run(
    project.name,
    project.task,
    now.toISOString(),
  )
}

/** Counts one change; must run inside the change's transaction. */
export function nextRevision(db: WriteDb): number {
  return sql<{ revision: number }>(db, 'UPDATE project SET revision = revision + 1 RETURNING revision').get()!.revision
}
