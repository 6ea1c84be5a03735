/** Table `label` (with `skeleton`): classes in locked index order. Changes to them: change-labels.ts. */
import { shapeKinds } from '@shared/domain/annotation'
import type { Label } from '@shared/domain/label'
import type { Skeleton } from '@shared/domain/skeleton'
import { columnSql, sql, type ReadDb } from './db'

export interface ProjectLabel extends Label {
  /** True for a deleted class whose index stays taken; nothing may be labelled with it. */
  gap: boolean
  skeleton: Skeleton | null
  /** As set: null: by index; '': none. See labelHotkeys. */
  hotkey: string | null
  extra: Record<string, unknown> | null
}

interface Row {
  id: number
  idx: number
  name: string
  color: string
  coco_id: number
  gap: number
  hotkey: string | null
  extra: string | null
  skeleton: string | null
}
const toLabel = (row: Row): ProjectLabel => ({
  id: row.id,
  index: row.idx,
  name: row.name,
  color: row.color,
  cocoId: row.coco_id,
  gap: row.gap === 1,
  skeleton: row.skeleton === null ? null : (JSON.parse(row.skeleton) as Skeleton),
  hotkey: row.hotkey,
  extra: row.extra === null ? null : (JSON.parse(row.extra) as Record<string, unknown>),
})
const select = `SELECT label.id, idx, name, color, coco_id, gap, hotkey, extra, skeleton.data AS skeleton
  FROM visible_label label LEFT JOIN skeleton ON skeleton.id = skeleton_id`

/** In index order; position = index. Gaps are included. */
export const listLabels = (db: ReadDb): ProjectLabel[] => sql<Row>(db, `${select} ORDER BY idx`).all().map(toLabel)

export function getLabel(db: ReadDb, id: number): ProjectLabel | null {
  const row = sql<Row>(db, `${select} WHERE label.id = ?`).get(id)
  return row ? toLabel(row) : null
}

/** By exact name. */
export function findLabel(db: ReadDb, name: string): ProjectLabel | null {
  const row = sql<Row>(db, `${select} WHERE name = ?`).get(name)
  return row ? toLabel(row) : null
}

export interface LabelUsage {
  annotations: number
  samples: number
}

/**
 * How often each label is used, by label id; unused ones are absent. Asked label by label and kind by kind, because SQLite
 * counts distinct samples without sorting only where all before them in the index is fixed: a third of the time.
 */
export function labelUsage(db: ReadDb): Map<number, LabelUsage> {
  const count = columnSql<number>(db, 'SELECT count(*) FROM visible_annotation WHERE label_id = ? AND kind = ?')
  const ofKind = 'SELECT count(DISTINCT sample_id) FROM visible_annotation WHERE label_id = ? AND kind = ?'
  const ofLabel = 'SELECT count(DISTINCT sample_id) FROM visible_annotation WHERE label_id = ?'
  const usage = new Map<number, LabelUsage>()
  for (const label of columnSql<number>(db, 'SELECT id FROM visible_label ORDER BY idx').all()) {
    const used = shapeKinds.map((kind) => ({ kind, n: count.get(label, kind)! })).filter(({ n }) => n > 0)
    if (used.length === 0) continue
    const samples =
      used.length === 1
        ? columnSql<number>(db, ofKind).get(label, used[0].kind)!
        : columnSql<number>(db, ofLabel).get(label)!
    usage.set(label, { annotations: used.reduce((sum, { n }) => sum + n, 0), samples })
  }
  return usage
}

/** The key of each label: as set, else the digit of its place (1 to 9) unless another label was given that. */
export function labelHotkeys(labels: readonly ProjectLabel[]): Map<number, string | null> {
  const taken = new Set(labels.filter((label) => !label.gap).map((label) => label.hotkey))
  return new Map(
    labels.map(({ id, index, gap, hotkey }) => {
      const digit = index < 9 ? String(index + 1) : null
      if (gap) return [id, null]
      if (hotkey !== null) return [id, hotkey || null]
      return [id, digit !== null && !taken.has(digit) ? digit : null]
    }),
  )
}
