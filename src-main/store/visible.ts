/**
 * The views `visible_label`, `visible_sample` and `visible_annotation`: what everyone reads. Rows of an import that has
 * not ended are left out, so that a half import is never seen.
 */
import type { ReadDb, WriteDb } from './db'

const tables = ['label', 'sample', 'annotation']

/** @param pending the import in progress; without one the views are the tables and cost nothing. */
export function setVisible(db: WriteDb, pending: number | null): void {
  createViews(db, pending === null ? '' : ` WHERE import_id IS NOT ${pending}`)
}

/** For a second handle, which does not know when imports begin and end: asks the table at every statement. */
export function setVisibleForReader(db: ReadDb): void {
  createViews(db, ` WHERE import_id IS NULL OR import_id NOT IN (SELECT id FROM main.import WHERE status = 'pending')`)
}

function createViews(db: ReadDb, filter: string): void {
  for (const table of tables) {
    db.exec(
      `DROP VIEW IF EXISTS temp.visible_${table}; CREATE TEMP VIEW visible_${table} AS SELECT * FROM main.${table}${filter}`,
    )
  }
}
