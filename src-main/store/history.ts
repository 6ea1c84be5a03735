/** Table `history`: one linear list of steps per project. Done steps come before undone ones. */
import { sql, type ReadDb, type WriteDb } from './db'
import type { Change } from './rows'

export interface HistoryEntry {
  id: number
  /** ISO 8601, UTC. */
  at: string
  reason: string
  done: boolean
  merge: boolean
  /** Number of rows it changed. */
  rows: number
  changes: Change[]
}
export type HistorySummary = Omit<HistoryEntry, 'changes'>

interface HistoryRow {
  id: number
  at: string
  reason: string
  done: number
  merge: number
  rows: number
  changes: string
}
const toSummary = (row: Omit<HistoryRow, 'changes'>): HistorySummary => ({
  id: row.id,
  at: row.at,
  reason: row.reason,
  done: row.done === 1,
  merge: row.merge === 1,
  rows: row.rows,
})
const toEntry = (row: HistoryRow | undefined): HistoryEntry | null =>
  row ? { ...toSummary(row), changes: JSON.parse(row.changes) as Change[] } : null

export const countRows = (changes: Change[]): number =>
  changes.reduce((sum, change) => sum + ('count' in change ? change.count : 1), 0)

export function addHistory(db: WriteDb, entry: { at: string; reason: string; merge: boolean }): number {
  const insert = sql(db, 'INSERT INTO history (at, reason, merge) VALUES (?, ?, ?)')
  return Number(insert.run(entry.at, entry.reason, entry.merge ? 1 : 0).lastInsertRowid)
}

export function setHistory(db: WriteDb, id: number, changes: Change[]): void {
  sql(db, 'UPDATE history SET changes = ?, rows = ? WHERE id = ?').run(JSON.stringify(changes), countRows(changes), id)
}

/** Puts the joined changes of two steps into the older one and drops the newer. */
export function extendHistory(db: WriteDb, id: number, dropped: number, changes: Change[], at: string): void {
  sql(db, 'DELETE FROM history WHERE id = ?').run(dropped)
  sql(db, 'UPDATE history SET at = ? WHERE id = ?').run(at, id)
  setHistory(db, id, changes)
}

/** A new change ends what could be redone; rows in the trash go with their step. */
export function discardRedo(db: WriteDb): void {
  sql(db, 'DELETE FROM history WHERE done = 0').run()
}

/** The newest done step older than `before`. */
export function newestHistory(db: ReadDb, before: number): HistoryEntry | null {
  return toEntry(sql<HistoryRow>(db, 'SELECT * FROM history WHERE id < ? ORDER BY id DESC LIMIT 1').get(before))
}

export function nextToUndo(db: ReadDb): HistoryEntry | null {
  const { undo } = nextSteps(db)
  return undo === null ? null : newestHistory(db, undo + 1)
}

export function nextToRedo(db: ReadDb): HistoryEntry | null {
  return toEntry(sql<HistoryRow>(db, 'SELECT * FROM history WHERE done = 0 ORDER BY id LIMIT 1').get())
}

/** Ids of the steps that undo and redo would take; null: none. Does not read their changes, which may be long. */
export function nextSteps(db: ReadDb): { undo: number | null; redo: number | null } {
  const redo = sql<{ id: number | null }>(db, 'SELECT min(id) AS id FROM history WHERE done = 0').get()!.id
  const undo = sql<{ id: number | null }>(db, 'SELECT max(id) AS id FROM history WHERE id < ?').get(
    redo ?? Number.MAX_SAFE_INTEGER,
  )!.id
  return { undo, redo }
}

/** Newest first. */
export function listHistory(db: ReadDb, limit: number, before = Number.MAX_SAFE_INTEGER): HistorySummary[] {
  const text = 'SELECT id, at, reason, done, merge, rows FROM history WHERE id < ? ORDER BY id DESC LIMIT ?'
  return sql<Omit<HistoryRow, 'changes'>>(db, text).all(before, limit).map(toSummary)
}
