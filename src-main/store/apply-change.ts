/**
 * The one place where rows of the user are written: applies a {@link Change} after checking that the rows are still as
 * it expects them. Recording, undo (the inverse change) and redo all come through here.
 */
import { TagwrightError } from '@shared/base/errors'
import { naturalKey } from '@shared/base/natural-key'
import { sql, type SqlRow, type SqlValue, type WriteDb } from './db'
import { unpackIds } from './id-set'
import { columnsOf, machineColumns, replacedTables, type Change, type UserTable } from './rows'

export interface ApplyContext {
  revision: number
  /** Owner of rows removed by set; null: they are removed for good. */
  historyId: number | null
}

export function invertChange(change: Change): Change {
  switch (change.op) {
    case 'insert':
      return { ...change, op: 'remove' }
    case 'remove':
      return { ...change, op: 'insert' }
    case 'update':
      return { ...change, before: change.after, after: change.before }
    case 'set':
      return { ...change, before: change.after, after: change.before }
    case 'remove-set':
      return { ...change, op: 'restore-set' }
    case 'restore-set':
      return { ...change, op: 'remove-set' }
  }
}

/** Throws `changed-since` naming the first row that is not as the change expects it. */
export function applyChange(db: WriteDb, change: Change, context: ApplyContext): void {
  try {
    apply(db, change, context)
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (typeof code !== 'string' || !code.startsWith('SQLITE_CONSTRAINT')) throw error
    const id = 'id' in change ? change.id : unpackIds(change.ids)[0]
    throw changedSince(
      db,
      change.table,
      id,
      code === 'SQLITE_CONSTRAINT_FOREIGNKEY' ? 'is used by newer rows' : 'clashes with a newer row',
    )
  }
}

function apply(db: WriteDb, change: Change, { revision, historyId }: ApplyContext): void {
  const { table } = change
  switch (change.op) {
    case 'insert': {
      const columns = columnsOf[table]
      if (sql(db, `SELECT 1 FROM ${table} WHERE id = ?`).get(change.id))
        throw changedSince(db, table, change.id, 'is there again')
      const row = { ...change.row }
      // Steps recorded before the column was there do not have it.
      if (table === 'sample') row.name_key ??= naturalKey(String(row.name))
      insertStatement(db, table, true).run(...columns.map((column) => row[column] ?? null), revision)
      return
    }
    case 'remove': {
      const current = readRow(db, table, change.id)
      if (!current) throw changedSince(db, table, change.id, 'is no longer there')
      const ignored = machineColumns[table] ?? []
      for (const column of columnsOf[table]) {
        if (!ignored.includes(column) && current[column] !== (change.row[column] ?? null))
          throw changedSince(db, table, change.id)
      }
      sql(db, `DELETE FROM ${table} WHERE id = ?`).run(change.id)
      return
    }
    case 'update': {
      const current = readRow(db, table, change.id)
      if (!current && replacedTables.includes(table)) return
      if (!current) throw changedSince(db, table, change.id, 'is no longer there')
      const columns = Object.keys(change.after)
      for (const column of columns)
        if (current[column] !== change.before[column]) throw changedSince(db, table, change.id)
      const assignments = columns.map((column) => `${checkColumn(table, column)} = ?`).join(', ')
      sql(db, `UPDATE ${table} SET ${assignments}, revision = ? WHERE id = ?`).run(
        ...columns.map((column) => change.after[column]),
        revision,
        change.id,
      )
      return
    }
    case 'set': {
      const column = checkColumn(table, change.column)
      const ids = unpackIds(change.ids)
      const result = sql(
        db,
        `UPDATE ${table} SET ${column} = ?, revision = ? WHERE id IN (SELECT value FROM json_each(?)) AND ${column} IS ?`,
      ).run(change.after, revision, JSON.stringify(ids), change.before)
      if (result.changes !== ids.length && !replacedTables.includes(table)) {
        // The caller's transaction rolls the rows back; only the culprit's name is still wanted.
        const wrong = sql<{ value: number }>(
          db,
          `SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE id = value AND ${column} IS ? AND revision = ?)`,
        ).get(JSON.stringify(ids), change.after, revision)
        throw changedSince(db, table, wrong?.value ?? ids[0])
      }
      return
    }
    case 'remove-set': {
      const ids = unpackIds(change.ids)
      const list = JSON.stringify(ids)
      const columns = columnsOf[table].join(', ')
      const missing = sql<{ value: number }>(
        db,
        `SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE id = value)`,
      ).get(list)
      if (missing) throw changedSince(db, table, missing.value, 'is no longer there')
      if (historyId !== null) {
        // Rows in the trash already: this is a redo, and they must not have changed since undo brought them back.
        const compared = columnsOf[table].filter(
          (column) => column !== 'id' && !machineColumns[table]?.includes(column),
        )
        const changed = sql<{ id: number }>(
          db,
          `SELECT old.id FROM ${table}_trash old JOIN ${table} now ON now.id = old.id WHERE old.history_id = ?
             AND old.id IN (SELECT value FROM json_each(?)) AND (${compared.map((c) => `old.${c} IS NOT now.${c}`).join(' OR ')})`,
        ).get(historyId, list)
        if (changed) throw changedSince(db, table, changed.id)
        sql(db, `DELETE FROM ${table}_trash WHERE history_id = ? AND id IN (SELECT value FROM json_each(?))`).run(
          historyId,
          list,
        )
        sql(
          db,
          `INSERT INTO ${table}_trash (history_id, ${columns}) SELECT ?, ${columns} FROM ${table} WHERE id IN (SELECT value FROM json_each(?))`,
        ).run(historyId, list)
      }
      sql(db, `DELETE FROM ${table} WHERE id IN (SELECT value FROM json_each(?))`).run(list)
      return
    }
    case 'restore-set': {
      const ids = unpackIds(change.ids)
      const columns = columnsOf[table].join(', ')
      const restored = sql(
        db,
        `INSERT INTO ${table} (${columns}, revision) SELECT ${columns}, ? FROM ${table}_trash WHERE history_id = ? AND id IN (SELECT value FROM json_each(?))`,
      ).run(revision, historyId, JSON.stringify(ids)).changes
      if (restored !== ids.length) throw changedSince(db, table, ids[0], 'can no longer be brought back')
      return
    }
  }
}

/** Inserts a row of a user table; with `withId` false SQLite numbers it. The last parameter is the revision. */
export function insertStatement(db: WriteDb, table: UserTable, withId: boolean) {
  const columns = withId ? columnsOf[table] : columnsOf[table].slice(1)
  return sql(
    db,
    `INSERT INTO ${table} (${columns.join(', ')}, revision) VALUES (${columns.map(() => '?').join(', ')}, ?)`,
  )
}

export function readRow(db: WriteDb, table: UserTable, id: number): SqlRow | undefined {
  return sql(db, `SELECT ${columnsOf[table].join(', ')} FROM ${table} WHERE id = ?`).get(id)
}

export function checkColumn(table: UserTable, column: string): string {
  if (column !== 'id' && (columnsOf[table] as readonly string[]).includes(column)) return column
  throw new TagwrightError('unknown-column', `Rows of "${table}" have no column "${column}" that can be changed.`)
}

function changedSince(db: WriteDb, table: UserTable, id: number, what = 'was changed since'): TagwrightError {
  return new TagwrightError(
    'changed-since',
    `${describeRow(db, table, id)} ${what}. Undo or redo it there first, or repeat with skip-changed to leave such rows as they are.`,
    { table, id },
  )
}

/** "annotation 17 (car) on a.jpg": how messages name a row, also one that is gone. */
export function describeRow(db: WriteDb, table: UserTable, id: number): string {
  const text = (query: string): SqlValue => (sql<{ text: string }>(db, query).get(id)?.text ?? null) as SqlValue
  const name =
    table === 'annotation'
      ? text(
          `SELECT '(' || label.name || ') on ' || sample.path AS text FROM annotation
             JOIN label ON label.id = label_id JOIN sample ON sample.id = sample_id WHERE annotation.id = ?`,
        )
      : table === 'sample'
        ? text('SELECT path AS text FROM sample WHERE id = ?')
        : table === 'label'
          ? text(`SELECT '"' || name || '"' AS text FROM label WHERE id = ?`)
          : null
  const title = table[0].toUpperCase() + table.slice(1)
  return name === null ? `${title} ${id}` : `${title} ${id} ${name}`
}
