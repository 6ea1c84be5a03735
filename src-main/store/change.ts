/**
 * `change` is the only writer of user data. Each call is one transaction and, unless ignored, one row of the history
 * with before and after of every row, so that undo survives a restart.
 */
import { TagwrightError } from '@shared/base/errors'
import { naturalKey } from '@shared/base/natural-key'
import { applyChange, checkColumn, insertStatement, invertChange, readRow } from './apply-change'
import { sql, transaction, type SqlValue, type WriteDb } from './db'
import { packIds, unpackIds } from './id-set'
import {
  addHistory,
  discardRedo,
  extendHistory,
  nextToRedo,
  nextToUndo,
  newestHistory,
  setHistory,
  type HistoryEntry,
} from './history'
import { nextRevision } from './project'
import { touchedBy, type Touched } from './touched'
import { columnsOf, type Change, type TrashTable, type UserTable, type UserTables } from './rows'

/**
 * record: one undo step. merge: joins the step before when that one was merge too, has the same reason, touched the same
 * rows and is at most {@link mergeWindow} old (nudges). ignore: no undo step (imports and jobs).
 */
export type ChangeMode = 'record' | 'merge' | 'ignore'
export const mergeWindow = 3000

/** What a change may do. Rows are raw SQLite rows (rows.ts); `revision` is set for them. */
export interface Writer {
  /** Returns the new id. Columns left out are null, or the column's default. */
  insert<T extends UserTable>(table: T, row: NewRow<T>): number
  /** Changes only the given columns; equal values are no change. Throws `not-found`. */
  update<T extends UserTable>(table: T, id: number, patch: Partial<Omit<UserTables[T], 'id'>>): void
  /** Throws `not-found`; `in-use` when other rows still refer to it. */
  remove(table: UserTable, id: number): void
  /**
   * One column of many rows to one value. Kept as one set per former value, not as a copy of each row.
   * Returns the number of rows that changed.
   */
  set<T extends UserTable>(
    table: T,
    column: Exclude<keyof UserTables[T], 'id'> & string,
    value: SqlValue,
    ids: Iterable<number>,
  ): number
  /** Removes many rows; they wait in a trash table for undo. Annotations before their samples. Returns their number. */
  removeSet(table: TrashTable, ids: Iterable<number>): number
}

type Defaulted = {
  project: 'settings'
  skeleton: never
  label: 'gap'
  sample: 'reviewed' | 'state'
  annotation: 'flags' | 'z'
  import: never
  prediction_box: 'state'
  review_mark: never
}
type OptionalKeys<T extends UserTable> = Extract<
  { [K in keyof UserTables[T]]: null extends UserTables[T][K] ? K : never }[keyof UserTables[T]] | Defaulted[T],
  keyof UserTables[T]
>
/** A row without id; columns that may be null or have a default may be left out. */
export type NewRow<T extends UserTable> = Omit<UserTables[T], 'id' | OptionalKeys<T>> &
  Partial<Pick<UserTables[T], OptionalKeys<T>>>

const defaults: { [T in UserTable]?: Record<string, SqlValue> } = {
  project: { settings: '{}' },
  label: { gap: 0 },
  sample: { reviewed: 0, state: 'ok' },
  annotation: { flags: 0, z: 0 },
  prediction_box: { state: 'pending' },
}

export interface ChangeOutcome<T> {
  result: T
  /** The project's revision afterwards. */
  revision: number
  /** What changed; null when nothing differed: no history row, no new revision. */
  touched: Touched | null
}

export function runChange<T>(
  db: WriteDb,
  reason: string,
  fn: (write: Writer) => T,
  mode: ChangeMode,
  now: Date,
): ChangeOutcome<T> {
  return transaction(db, () => {
    const done: Change[] = []
    let revision = 0
    let historyId: number | null = null
    const commit = (change: Change, apply: boolean) => {
      start()
      if (apply) applyChange(db, change, { revision, historyId })
      done.push(change)
    }
    const start = () => {
      if (revision > 0) return
      revision = nextRevision(db)
      if (mode === 'ignore') return
      discardRedo(db)
      // Written first, because rows removed by set belong to it.
      historyId = addHistory(db, { at: now.toISOString(), reason, merge: mode === 'merge' })
    }
    const result = fn(createWriter(db, () => (start(), revision), commit))
    if (result instanceof Promise) {
      throw new TagwrightError(
        'async-change',
        `The change "${reason}" waits for something. Read everything first, then write.`,
      )
    }
    if (revision === 0) return { result, revision: currentRevision(db), touched: null }
    const touched = touchedBy(db, done, historyId)
    if (historyId !== null) {
      if (mode !== 'merge' || !mergeInto(db, historyId, reason, done, now)) setHistory(db, historyId, done)
    }
    return { result, revision, touched }
  })
}

function createWriter(db: WriteDb, revision: () => number, commit: (change: Change, apply: boolean) => void): Writer {
  const need = (table: UserTable, id: number) => {
    const row = readRow(db, table, id)
    if (!row)
      throw new TagwrightError('not-found', `There is no ${table} ${id}. It may have been removed; list them again.`, {
        table,
        id,
      })
    return row
  }
  return {
    insert(table, values) {
      const row: Record<string, SqlValue> = { ...defaults[table] }
      for (const column of columnsOf[table].slice(1)) {
        const value = (values as Record<string, SqlValue | undefined>)[column]
        row[column] = value ?? row[column] ?? null
      }
      if (table === 'sample') row.name_key = naturalKey(String(row.name))
      const statement = insertStatement(db, table, false)
      const id = Number(
        statement.run(...columnsOf[table].slice(1).map((column) => row[column]), revision()).lastInsertRowid,
      )
      commit({ op: 'insert', table, id, row: { id, ...row } }, false)
      return id
    },
    update(table, id, patch) {
      const row = need(table, id)
      const before: Record<string, SqlValue> = {}
      const after: Record<string, SqlValue> = {}
      const renamed = table === 'sample' && 'name' in patch && typeof patch.name === 'string'
      const values = renamed ? { ...patch, name_key: naturalKey(patch.name as string) } : patch
      for (const [column, value] of Object.entries(values) as [string, SqlValue | undefined][]) {
        if (value === undefined || row[checkColumn(table, column)] === value) continue
        before[column] = row[column]
        after[column] = value
      }
      if (Object.keys(after).length > 0) commit({ op: 'update', table, id, before, after }, true)
    },
    remove(table, id) {
      const row = need(table, id)
      try {
        commit({ op: 'remove', table, id, row }, true)
      } catch (error) {
        if (!(error instanceof TagwrightError) || error.code !== 'changed-since') throw error
        throw new TagwrightError('in-use', `The ${table} ${id} is still used by other rows. Remove those first.`, {
          table,
          id,
        })
      }
    },
    set(table, column, value, ids) {
      checkColumn(table, column)
      const list = JSON.stringify([...ids])
      const groups = new Map<SqlValue, number[]>()
      const rows = sql<{ id: number; old: SqlValue }>(
        db,
        `SELECT id, ${column} AS old FROM ${table} WHERE id IN (SELECT value FROM json_each(?)) AND ${column} IS NOT ?`,
      )
      for (const { id, old } of rows.iterate(list, value)) {
        const group = groups.get(old)
        if (group) group.push(id)
        else groups.set(old, [id])
      }
      let count = 0
      for (const [before, group] of groups) {
        commit({ op: 'set', table, column, before, after: value, count: group.length, ids: packIds(group) }, true)
        count += group.length
      }
      return count
    },
    removeSet(table, ids) {
      const unique = new Set(ids)
      if (unique.size > 0) commit({ op: 'remove-set', table, count: unique.size, ids: packIds(unique) }, true)
      return unique.size
    },
  }
}

/** Joins a merge change to the step before it; returns false when they do not belong together. */
function mergeInto(db: WriteDb, historyId: number, reason: string, changes: Change[], now: Date): boolean {
  const last = newestHistory(db, historyId)
  if (!last?.merge || last.reason !== reason || now.getTime() - Date.parse(last.at) > mergeWindow) return false
  const before = new Map<string, Change & { op: 'update' }>()
  for (const change of last.changes) {
    if (change.op !== 'update') return false
    before.set(`${change.table} ${change.id}`, change)
  }
  const joined = new Map(before)
  for (const change of changes) {
    if (change.op !== 'update') return false
    const key = `${change.table} ${change.id}`
    const old = joined.get(key)
    if (!old) return false
    joined.set(key, {
      ...change,
      before: { ...change.before, ...old.before },
      after: { ...old.after, ...change.after },
    })
  }
  if (new Set(changes.map((change) => ('id' in change ? `${change.table} ${change.id}` : ''))).size !== before.size)
    return false
  extendHistory(db, last.id, historyId, [...joined.values()], now.toISOString())
  return true
}

export interface StepOutcome {
  entry: HistoryEntry
  revision: number
  touched: Touched
  /** Messages of the rows that were left as they are (with skipChanged). */
  skipped: string[]
}

/**
 * Undoes the newest step or redoes the oldest undone one; null when there is none. Throws `changed-since`, naming the
 * row, when an import or a job has changed it meanwhile; with `skipChanged` such rows are left alone instead.
 */
export function runStep(db: WriteDb, direction: 'undo' | 'redo', skipChanged: boolean): StepOutcome | null {
  return transaction(db, () => {
    const entry = direction === 'undo' ? nextToUndo(db) : nextToRedo(db)
    if (!entry) return null
    const revision = nextRevision(db)
    const context = { revision, historyId: entry.id }
    const skipped: string[] = []
    const applied: Change[] = []
    const steps = direction === 'undo' ? entry.changes.map(invertChange).reverse() : entry.changes
    for (const step of steps) {
      if (!skipChanged) applyChange(db, step, context)
      else for (const part of applyWhatFits(db, step, context, skipped)) applied.push(part)
    }
    const changes = !skipChanged ? entry.changes : direction === 'undo' ? applied.reverse().map(invertChange) : applied
    if (skipChanged) setHistory(db, entry.id, changes)
    sql(db, 'UPDATE history SET done = ? WHERE id = ?').run(direction === 'undo' ? 0 : 1, entry.id)
    return { entry: { ...entry, changes }, revision, touched: touchedBy(db, changes, entry.id), skipped }
  })
}

/** Applies a change, or the part of a set that still fits; what does not fit goes to `skipped`. */
function applyWhatFits(
  db: WriteDb,
  change: Change,
  context: { revision: number; historyId: number },
  skipped: string[],
): Change[] {
  const attempt = (part: Change): boolean => {
    sql(db, 'SAVEPOINT part').run()
    try {
      applyChange(db, part, context)
      return true
    } catch (error) {
      if (!(error instanceof TagwrightError) || error.code !== 'changed-since') throw error
      sql(db, 'ROLLBACK TO part').run()
      skipped.push(error.message)
      return false
    } finally {
      if (db.inTransaction) sql(db, 'RELEASE part').run()
    }
  }
  if (attempt(change)) return [change]
  if (change.op !== 'set') return []
  const fitting = sql<{ id: number }>(
    db,
    `SELECT id FROM ${change.table} WHERE id IN (SELECT value FROM json_each(?)) AND ${change.column} IS ?`,
  )
    .all(JSON.stringify(unpackIds(change.ids)), change.before)
    .map((row) => row.id)
  if (fitting.length === 0) return []
  const part: Change = { ...change, count: fitting.length, ids: packIds(fitting) }
  return attempt(part) ? [part] : []
}

const currentRevision = (db: WriteDb): number =>
  sql<{ revision: number }>(db, 'SELECT revision FROM project').get()?.revision ?? 0
