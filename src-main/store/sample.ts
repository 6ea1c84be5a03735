/** Table `sample`: images, found by filter and in pages. */
import { TagwrightError } from '@shared/base/errors'
import type { Split } from '@shared/domain/split'
import { sql, type ReadDb } from './db'
import { imageFile, listRoots } from './root'
import type { SampleRow } from './rows'

export type SampleState = 'ok' | 'missing' | 'unreadable'
export interface Sample {
  id: number
  /** Relative to its root, `/` as separator. */
  path: string
  name: string
  /** Upright pixels; null until the file was read. */
  width: number | null
  height: number | null
  /** null: not assigned. */
  split: Split | null
  reviewed: boolean
  state: SampleState
  cocoImageId: number
  annotations: number
}

/** All given conditions hold. */
export interface SampleFilter {
  /** `none`: not assigned. */
  split?: Split | 'none'
  /** Has an annotation with this label id. */
  label?: number
  state?: SampleState
  reviewed?: boolean
  /** true: without any annotation. */
  empty?: boolean
  /** Part of the path, letter case ignored. */
  text?: string
}

interface Row extends SampleRow {
  annotations: number
}
const toSample = (row: Row): Sample => ({
  id: row.id,
  path: row.path,
  name: row.name,
  width: row.width,
  height: row.height,
  split: row.split as Split | null,
  reviewed: row.reviewed === 1,
  state: row.state as SampleState,
  cocoImageId: row.coco_image_id,
  annotations: row.annotations,
})
const columns = 's.*, (SELECT count(*) FROM visible_annotation a WHERE a.sample_id = s.id) AS annotations'

/** In id order. `after` is the last id of the page before; `total` counts all that match. */
export function listSamples(
  db: ReadDb,
  filter: SampleFilter = {},
  { after = 0, limit = 100 }: { after?: number; limit?: number } = {},
): { samples: Sample[]; total: number } {
  const { where, args } = filterText(filter)
  const rows = sql<Row>(db, `SELECT ${columns} FROM visible_sample s WHERE s.id > ? AND ${where} ORDER BY s.id LIMIT ?`)
  const total = sql<{ n: number }>(db, `SELECT count(*) AS n FROM visible_sample s WHERE ${where}`).get(...args)!.n
  return { samples: rows.all(after, ...args, limit).map(toSample), total }
}

/** Ids of all samples that match, ascending. */
export function sampleIds(db: ReadDb, filter: SampleFilter = {}): number[] {
  const { where, args } = filterText(filter)
  return sql<{ id: number }>(db, `SELECT s.id FROM visible_sample s WHERE ${where} ORDER BY s.id`)
    .all(...args)
    .map((row) => row.id)
}

/** The text depends on which conditions there are, never on their values, so it can be prepared once. */
function filterText(filter: SampleFilter): { where: string; args: (string | number)[] } {
  const parts = ['1']
  const args: (string | number)[] = []
  const has = (text: string, ...values: (string | number)[]) => {
    parts.push(text)
    args.push(...values)
  }
  if (filter.split === 'none') has('s.split IS NULL')
  else if (filter.split) has('s.split = ?', filter.split)
  if (filter.label !== undefined)
    has('s.id IN (SELECT sample_id FROM visible_annotation WHERE label_id = ?)', filter.label)
  if (filter.state) has('s.state = ?', filter.state)
  if (filter.reviewed !== undefined) has('s.reviewed = ?', filter.reviewed ? 1 : 0)
  if (filter.empty !== undefined) {
    has(`${filter.empty ? 'NOT ' : ''}EXISTS (SELECT 1 FROM visible_annotation a WHERE a.sample_id = s.id)`)
  }
  if (filter.text) has('instr(lower(s.path), lower(?)) > 0', filter.text)
  return { where: parts.join(' AND '), args }
}

/** Throws `not-found`. */
export function getSample(db: ReadDb, id: number): Sample {
  const row = sql<Row>(db, `SELECT ${columns} FROM visible_sample s WHERE s.id = ?`).get(id)
  if (!row)
    throw new TagwrightError('not-found', `There is no sample ${id}. It may have been removed; list them again.`, {
      sample: id,
    })
  return toSample(row)
}

/** Absolute path of the image. Throws `not-found`. */
export function sampleFile(db: ReadDb, folder: string, id: number): string {
  const row = sql<SampleRow>(db, 'SELECT * FROM visible_sample WHERE id = ?').get(id)
  if (!row) throw new TagwrightError('not-found', `There is no sample ${id}.`, { sample: id })
  const root = listRoots(db, folder).find((candidate) => candidate.id === row.root_id)!
  return imageFile(folder, root.path, row)
}
