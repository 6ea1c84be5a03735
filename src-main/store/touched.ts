/** What a step of changes touched, as far as clients need it to know what to ask for again. */
import { maxNamedSamples, type ProjectChange } from '@shared/contract/project'
import { columnSql, type WriteDb } from './db'
import { unpackIds } from './id-set'
import type { Change, UserTable } from './rows'

export type Touched = Pick<ProjectChange, 'tables' | 'samples' | 'sampleSet'>

/**
 * Call inside the transaction, after the changes (in either direction).
 * @param historyId owner of the rows that were removed by set; null: they are gone for good
 */
export function touchedBy(db: WriteDb, changes: readonly Change[], historyId: number | null): Touched {
  const tables = [...new Set(changes.map((change) => change.table))]
  const sampleSet = changes.some((change) => change.table === 'sample' && change.op !== 'update' && change.op !== 'set')
  const samples = namedSamples(db, changes, historyId)
  return { tables, sampleSet, ...(samples ? { samples } : {}) }
}

/** Tables whose rows belong to a sample, which never changes. */
const owned: readonly UserTable[] = ['annotation', 'prediction_box']

/** null: too many to name, or no longer known. */
function namedSamples(db: WriteDb, changes: readonly Change[], historyId: number | null): number[] | null {
  const samples = new Set<number>()
  const rows = new Map<UserTable, Set<number>>(owned.map((table) => [table, new Set<number>()]))
  for (const change of changes) {
    const found = change.table === 'sample' ? samples : rows.get(change.table)
    if (!found) continue
    if ('count' in change) {
      if (change.count > 20 * maxNamedSamples) return null
      if (change.op !== 'set' && historyId === null) return null
      for (const id of unpackIds(change.ids)) found.add(id)
    } else if ('row' in change && found !== samples) samples.add(Number(change.row.sample_id))
    else found.add(change.id)
    if (samples.size > maxNamedSamples) return null
  }
  for (const [table, ids] of rows) {
    if (ids.size === 0) continue
    const list = JSON.stringify([...ids])
    const some = 'id IN (SELECT value FROM json_each(?))'
    const present = columnSql<number>(db, `SELECT DISTINCT sample_id FROM ${table} WHERE ${some}`)
    for (const sample of present.iterate(list)) samples.add(sample)
    if (table !== 'annotation') continue
    const gone = columnSql<number>(
      db,
      `SELECT DISTINCT sample_id FROM annotation_trash WHERE history_id = ? AND ${some}`,
    )
    for (const sample of gone.iterate(historyId, list)) samples.add(sample)
  }
  return samples.size > maxNamedSamples ? null : [...samples]
}
