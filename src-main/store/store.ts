/** The project store: one folder, one SQLite file, one writer. Other files of this folder hold one table each. */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { events, type Events } from '@shared/base/events'
import type { ProjectChange } from '@shared/contract/project'
import { makeFolder } from '../media/make-folder'
import { runChange, runStep, type ChangeMode, type StepOutcome, type Writer } from './change'
import { openDb, transaction, type ReadDb, type WriteDb } from './db'
import { listHistory, nextSteps, type HistorySummary } from './history'
import { beginImport, removePending, type ImportBatch, type ImportOptions } from './import'
import { checkVersion, migrate, type MigrateResult } from './migrate'
import { getProject, insertProject, type Project } from './project'
import { ensureRoot } from './root'
import { setVisible, setVisibleForReader } from './visible'

export const projectFileName = 'project.tagwright'

export interface StoreEvents extends Record<string, unknown> {
  /** After the commit of anything that changed samples, labels, annotations or settings. */
  'project.changed': ProjectChange
}

export interface Store {
  /** Absolute path of the project folder. */
  readonly folder: string
  /** For the functions of this folder. Rows of the user are written by `change` and imports only. */
  readonly db: WriteDb
  readonly events: Events<StoreEvents>
  readonly project: Project
  readonly migration: MigrateResult
  /** Sources of imports that were interrupted and have been removed when the project was opened. */
  readonly removedImports: readonly string[]
  /**
   * The only writer of user data: one transaction, durable when it returns, one step of the history unless ignored.
   * `fn` is synchronous; when it throws nothing is written. Answers what `fn` answers.
   */
  change<T>(reason: string, fn: (write: Writer) => T, mode?: ChangeMode): T
  /** null: nothing to undo. Throws `changed-since` naming the row that an import or job changed meanwhile. */
  undo(options?: { skipChanged?: boolean }): StepOutcome | null
  redo(options?: { skipChanged?: boolean }): StepOutcome | null
  /** Newest first; `undo` and `redo` are the steps that would come next. */
  history(limit?: number, before?: number): { entries: HistorySummary[]; undo: number | null; redo: number | null }
  beginImport(options: ImportOptions): ImportBatch
  /** A second handle that only reads, e.g. to stream a consistent state while the project is edited. Close it. */
  openReader(): ReadDb
  close(): void
}

export interface OpenOptions {
  /** The clock; for tests. */
  now?: () => Date
  /** Milliseconds to wait for a lock of another program. */
  timeout?: number
}

/** Creates the folder (it may exist) and an empty project in it. Throws `project-exists`. */
export function initStore(
  folder: string,
  project: { name?: string; task?: string } = {},
  options: OpenOptions = {},
): Store {
  const root = resolve(folder)
  const file = join(root, projectFileName)
  if (existsSync(file)) {
    throw new TagwrightError(
      'project-exists',
      `There is a project in ${root} already. Open it, or choose another folder.`,
      { folder: root },
    )
  }
  makeFolder(root)
  return open(root, { name: project.name ?? basename(root), task: project.task ?? 'detect' }, options)
}

/**
 * Opens a project by its folder or its file, brings it to the newest schema and removes imports that never ended.
 * Throws `not-found`, `not-a-project`, `newer-project`, `corrupt-project`, `read-only`, `project-busy`.
 */
export function openStore(path: string, options: OpenOptions = {}): Store {
  const folder = projectFolder(path)
  if (!existsSync(join(folder, projectFileName))) {
    throw new TagwrightError(
      'not-found',
      `There is no project in ${folder}. Create one with: tagwright init "${folder}"`,
      { folder },
    )
  }
  return open(folder, null, options)
}

/** Accepts the folder or the project file in it. */
export function projectFolder(path: string): string {
  const full = resolve(path)
  return basename(full) === projectFileName && existsSync(full) && statSync(full).isFile() ? dirname(full) : full
}

function open(folder: string, fresh: { name: string; task: string } | null, options: OpenOptions): Store {
  const now = options.now ?? (() => new Date())
  const file = join(folder, projectFileName)
  let db: WriteDb
  try {
    db = openDb(file, { create: fresh !== null, timeout: options.timeout })
  } catch (error) {
    throw withBackups(folder, error)
  }
  try {
    for (const name of ['blobs', 'backups', 'cache', 'runs', 'exports'])
      mkdirSync(join(folder, name), { recursive: true })
    const migration = migrate(db)
    transaction(db, () => {
      if (db.prepare('SELECT 1 FROM project').get()) return
      // Also the end of an `init` that was killed between its steps.
      insertProject(db, fresh ?? { name: basename(folder), task: 'detect' }, now())
      ensureRoot(db, folder, folder, now())
    })
    const removedImports = removePending(db)
    setVisible(db, null)
    return compose(folder, db, migration, removedImports, now)
  } catch (error) {
    db.close()
    throw withBackups(folder, error)
  }
}

function compose(
  folder: string,
  db: WriteDb,
  migration: MigrateResult,
  removedImports: string[],
  now: () => Date,
): Store {
  const bus = events<StoreEvents>()
  const changed = (change: ProjectChange) => bus.emit('project.changed', change)
  const step = (direction: 'undo' | 'redo', skipChanged = false) => {
    const outcome = runStep(db, direction, skipChanged)
    if (outcome) changed({ revision: outcome.revision, reason: outcome.entry.reason, ...outcome.touched })
    return outcome
  }
  return {
    folder,
    db,
    events: bus,
    migration,
    removedImports,
    get project() {
      return getProject(db)
    },
    change(reason, fn, mode = 'record') {
      const outcome = runChange(db, reason, fn, mode, now())
      if (outcome.touched) changed({ revision: outcome.revision, reason, ...outcome.touched })
      return outcome.result
    },
    undo: (undoOptions) => step('undo', undoOptions?.skipChanged),
    redo: (redoOptions) => step('redo', redoOptions?.skipChanged),
    history: (limit = 100, before) => ({
      entries: listHistory(db, limit, before),
      ...nextSteps(db),
    }),
    beginImport: (importOptions) =>
      beginImport(db, importOptions, {
        folder,
        now,
        ended: (revision) => {
          // Folds the long log of the import into the file.
          db.pragma('wal_checkpoint(TRUNCATE)')
          if (revision !== null)
            changed({ revision, tables: ['label', 'skeleton', 'sample', 'annotation', 'import'], sampleSet: true })
        },
      }),
    openReader: () => openReader(folder),
    close() {
      if (db.open) db.close()
    },
  }
}

/** A handle on an existing project that cannot write; works beside the owner. */
export function openReader(path: string): ReadDb {
  const folder = projectFolder(path)
  const file = join(folder, projectFileName)
  if (!existsSync(file)) throw new TagwrightError('not-found', `There is no project in ${folder}.`, { folder })
  try {
    const db = openDb(file, { readonly: true })
    try {
      checkVersion(db)
      setVisibleForReader(db)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    throw withBackups(folder, error)
  }
}

/** Adds the newest copy in backups/ to the message about a damaged file. */
function withBackups(folder: string, error: unknown): unknown {
  if (!(error instanceof TagwrightError) || error.code !== 'corrupt-project') return error
  const backups = existsSync(join(folder, 'backups'))
    ? readdirSync(join(folder, 'backups'))
        .filter((name) => name.endsWith('.tagwright'))
        .sort()
    : []
  const newest = backups.at(-1)
  const next = newest
    ? `The newest copy is ${join(folder, 'backups', newest)}: put it in the place of ${projectFileName}.`
    : `There is no copy in ${join(folder, 'backups')} yet; keep the damaged file, parts of it may be recoverable.`
  return new TagwrightError(
    'corrupt-project',
    `${join(folder, projectFileName)} is damaged and cannot be read. ${next}`,
    { ...error.details, folder, backup: newest ?? null },
    { cause: error },
  )
}
