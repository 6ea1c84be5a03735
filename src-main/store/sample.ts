/** Table `sample`: images, found by filter and in pages. */
import { TagwrightError } from '@shared/base/errors'
import type { SampleFilter } from '@shared/contract/filter'
import type { Split } from '@shared/domain/split'
import { sql, type ReadDb } from './db'
import { imageFile, listRoots, pairFile } from './root'
import type { SampleRow } from './rows'
import { sampleCondition } from './sample-filter'
import { orderedSampleIds } from './sample-order'

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
  /** Alphabetical. */
  tags: string[]
  /** Another image is its truth. */
  hasPair: boolean
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
  tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
  hasPair: row.pair !== null,
})
const columns = 's.*, (SELECT count(*) FROM visible_annotation a WHERE a.sample_id = s.id) AS annotations'

/** In id order. `after` is the last id of the page before; `total` counts all that match. */
export function listSamples(
  db: ReadDb,
  filter: SampleFilter = {},
  { after = 0, limit = 100 }: { after?: number; limit?: number } = {},
): { samples: Sample[]; total: number } {
  const { where, args } = sampleCondition(filter)
  const rows = sql<Row>(db, `SELECT ${columns} FROM visible_sample s WHERE s.id > ? AND ${where} ORDER BY s.id LIMIT ?`)
  return { samples: rows.all(after, ...args, limit).map(toSample), total: countSamples(db, filter) }
}

/** Ids of all samples that match, ascending. */
export const sampleIds = (db: ReadDb, filter: SampleFilter = {}): number[] => orderedSampleIds(db, { filter })

export function countSamples(db: ReadDb, filter: SampleFilter = {}): number {
  const { where, args } = sampleCondition(filter)
  return sql<{ n: number }>(db, `SELECT count(*) AS n FROM visible_sample s WHERE ${where}`).get(...args)!.n
}

/** In the order asked; ids that are not there are left out. */
export function getSamples(db: ReadDb, ids: readonly number[]): Sample[] {
  const text = `SELECT ${columns} FROM json_each(?) j JOIN visible_sample s ON s.id = j.value ORDER BY j.key`
  return sql<Row>(db, text).all(JSON.stringify(ids)).map(toSample)
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

/** Absolute path of the image, or of its pair. Throws `not-found`. */
export function sampleFile(db: ReadDb, folder: string, id: number, which: 'image' | 'pair' = 'image'): string {
  const row = sql<SampleRow>(db, 'SELECT * FROM visible_sample WHERE id = ?').get(id)
  if (!row) throw new TagwrightError('not-found', `There is no sample ${id}.`, { sample: id })
  const root = listRoots(db, folder).find((candidate) => candidate.id === row.root_id)!
  if (which === 'image') return imageFile(folder, root.path, row)
  const pair = pairFile(folder, root.path, row)
  if (pair === null)
    throw new TagwrightError(
      'not-found',
      `Sample ${id} has no other image beside it. Import pairs of images to have some.`,
      {
        sample: id,
      },
    )
  return pair
}
