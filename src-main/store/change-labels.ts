/**
 * Label operations over the whole project, each one undo step. The index order is locked: nothing here moves a label
 * except `reindex`, which the person chose, and which closes the gap that a removed label leaves.
 */
import { TagwrightError } from '@shared/base/errors'
import { nearest } from '@shared/base/registry'
import { labelColor } from '@shared/domain/label'
import type { Writer } from './change'
import { sql, type ReadDb, type WriteDb } from './db'
import { findLabel, getLabel, listLabels, type LabelUsage, type ProjectLabel } from './label'
import type { Store } from './store'

/** keep-gap: the index stays taken by an unused class, so the others keep theirs. reindex: higher ones move down by one. */
export type GapMode = 'keep-gap' | 'reindex'

export interface NewLabel {
  name: string
  /** `#rrggbb`; default: from the palette by index. */
  color?: string
  /** Default: index + 1, or the next free. */
  cocoId?: number
}

/** By exact name, or by id. Throws `not-found` with the nearest name. */
export function needLabel(db: ReadDb, ref: string | number): ProjectLabel {
  const label = typeof ref === 'number' ? getLabel(db, ref) : findLabel(db, ref)
  if (label && !label.gap) return label
  const names = listLabels(db)
    .filter((known) => !known.gap)
    .map((known) => known.name)
  const hint = typeof ref === 'string' ? nearest(ref, names) : null
  throw new TagwrightError(
    'not-found',
    `There is no label ${typeof ref === 'string' ? `"${ref}"` : ref}.${hint ? ` Did you mean "${hint}"?` : ''} Known: ${names.join(', ') || 'none'}.`,
    { label: ref },
  )
}

/** Appends labels in the order given; returns their ids. Throws `label-exists`. */
export function addLabels(store: Store, labels: readonly NewLabel[]): number[] {
  const names = labels.map((label) => label.name)
  return changeLabels(store, `Add label ${quote(names)}`, (write, db) =>
    labels.map((label) => insertLabel(write, db, label)),
  )
}

/** Appends one label; part of a change. Throws `label-exists`. */
export function insertLabel(write: Writer, db: WriteDb, { name, color, cocoId }: NewLabel): number {
  checkName(db, name)
  const { count, top } = sql<{ count: number; top: number }>(
    db,
    'SELECT coalesce(max(idx), -1) + 1 AS count, coalesce(max(coco_id), 0) AS top FROM label',
  ).get()!
  const wanted = cocoId ?? count + 1
  const taken = sql<{ name: string }>(db, 'SELECT name FROM label WHERE coco_id = ?').get(wanted)
  if (taken && cocoId !== undefined) {
    throw new TagwrightError(
      'label-exists',
      `COCO id ${cocoId} belongs to the label "${taken.name}". Choose another one.`,
      { cocoId },
    )
  }
  return write.insert('label', {
    idx: count,
    name,
    color: color ?? labelColor(count),
    coco_id: taken ? top + 1 : wanted,
  })
}

/** Throws `label-exists` when another label has the name (merge joins two). */
export function renameLabel(store: Store, ref: string | number, name: string): void {
  const label = needLabel(store.db, ref)
  if (label.name === name) return
  changeLabels(store, `Rename label "${label.name}" to "${name}"`, (write, db) => {
    checkName(db, name)
    write.update('label', label.id, { name })
  })
}

export function recolorLabel(store: Store, ref: string | number, color: string): void {
  const label = needLabel(store.db, ref)
  changeLabels(store, `Recolor label "${label.name}"`, (write) => write.update('label', label.id, { color }))
}

/** What merging or deleting these labels would touch. */
export function previewLabels(db: ReadDb, refs: readonly (string | number)[]): LabelUsage {
  const ids = JSON.stringify(refs.map((ref) => needLabel(db, ref).id))
  return sql<LabelUsage>(
    db,
    `SELECT count(*) AS annotations, count(DISTINCT sample_id) AS samples FROM visible_annotation
     WHERE label_id IN (SELECT value FROM json_each(?))`,
  ).get(ids)!
}

/** Every annotation of `from` gets the label `into`; the labels `from` are removed. Returns the number of annotations. */
export function mergeLabels(
  store: Store,
  from: readonly (string | number)[],
  into: string | number,
  gaps: GapMode,
): number {
  const target = needLabel(store.db, into)
  const sources = from.map((ref) => needLabel(store.db, ref))
  if (sources.some((label) => label.id === target.id)) {
    throw new TagwrightError(
      'bad-input',
      `"${target.name}" cannot be merged into itself. Leave it out of the labels to merge.`,
    )
  }
  return changeLabels(
    store,
    `Merge label ${quote(sources.map((label) => label.name))} into "${target.name}"`,
    (write, db) => {
      let count = 0
      for (const label of sources) {
        count += write.set('annotation', 'label_id', target.id, annotationsOf(db, label.id))
        dropLabel(write, db, label.id, gaps)
      }
      return count
    },
  )
}

/** Removes the label and all of its annotations. Returns the number of annotations. */
export function deleteLabel(store: Store, ref: string | number, gaps: GapMode): number {
  const label = needLabel(store.db, ref)
  return changeLabels(store, `Delete label "${label.name}"`, (write, db) => {
    const count = write.removeSet('annotation', annotationsOf(db, label.id))
    dropLabel(write, db, label.id, gaps)
    return count
  })
}

export function dropLabel(write: Writer, db: WriteDb, id: number, gaps: GapMode): void {
  const { idx } = sql<{ idx: number }>(db, 'SELECT idx FROM label WHERE id = ?').get(id)!
  if (gaps === 'keep-gap') {
    write.update('label', id, { name: gapName(db, idx), gap: 1, skeleton_id: null })
    return
  }
  write.remove('label', id)
  const above = sql<{ id: number; idx: number; gap: number }>(
    db,
    'SELECT id, idx, gap FROM label WHERE idx > ? ORDER BY idx',
  )
  for (const row of above.all(idx)) {
    write.update('label', row.id, { idx: row.idx - 1, ...(row.gap === 1 ? { name: gapName(db, row.idx - 1) } : {}) })
  }
}

export function gapName(db: ReadDb, index: number): string {
  let name = `unused-${index}`
  for (let n = 2; sql(db, 'SELECT 1 FROM label WHERE name = ?').get(name); n++) name = `unused-${index}-${n}`
  return name
}

const annotationsOf = (db: ReadDb, label: number): number[] =>
  sql<{ id: number }>(db, 'SELECT id FROM annotation WHERE label_id = ? ORDER BY id')
    .all(label)
    .map((row) => row.id)

export function checkName(db: ReadDb, name: string): void {
  if (name.trim() === '' || /[\r\n]/.test(name)) {
    throw new TagwrightError('bad-input', `A label needs a name of one line; ${JSON.stringify(name)} is none.`, {
      name,
    })
  }
  if (sql(db, 'SELECT 1 FROM label WHERE name = ?').get(name)) {
    throw new TagwrightError(
      'label-exists',
      `There is a label "${name}" already. Choose another name, or merge the two.`,
      { name },
    )
  }
}

/** Labels stand still while an import refers to them. */
export function changeLabels<T>(store: Store, reason: string, fn: (write: Writer, db: WriteDb) => T): T {
  const running = sql<{ source: string }>(store.db, `SELECT source FROM import WHERE status = 'pending'`).get()
  if (running) {
    throw new TagwrightError('import-running', `${running.source} is being imported. Change labels when it has ended.`)
  }
  return store.change(reason, (write) => fn(write, store.db))
}

const quote = (names: readonly string[]): string =>
  names.length > 3 ? `"${names[0]}" and ${names.length - 1} more` : names.map((name) => `"${name}"`).join(', ')
