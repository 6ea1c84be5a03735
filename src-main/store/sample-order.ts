/** Ids of samples in the order of the gallery. Made for 100,000: read from indexes, sorted where there is none. */
import { naturalKey } from '@shared/base/natural-key'
import type { SampleFilter, SampleSort } from '@shared/contract/filter'
import { columnSql, tupleSql, type ReadDb, type SqlValue } from './db'
import { sampleCondition } from './sample-filter'

export interface SampleOrdering {
  filter?: SampleFilter
  /** Default `added`. */
  sort?: SampleSort
  descending?: boolean
}

/** Ids of all samples that match, in order; what is equal stands as added. */
export function orderedSampleIds(db: ReadDb, { filter = {}, sort = 'added', descending }: SampleOrdering): number[] {
  const { where, args } = sampleCondition(filter)
  const direction = descending ? ' DESC' : ''
  const ids = (rest: string) => columnSql<number>(db, `SELECT s.id FROM visible_sample s ${rest}`).all(...args)
  if (sort === 'added') return ids(`WHERE ${where} ORDER BY s.id${direction}`)
  if (sort === 'name') return ids(`WHERE ${where} ORDER BY s.name_key${direction}, s.id${direction}`)
  if (sort === 'size')
    return ids(`WHERE ${where} ORDER BY coalesce(s.width * s.height, 0)${direction}, s.id${direction}`)
  if (sort === 'annotations') return byCount(ids(`WHERE ${where} ORDER BY s.id`), annotationCounts(db), descending)
  if (sort === 'path') return byFolder(db, where, args, descending)
  const scored = `SELECT sample_id FROM sample_score WHERE kind = ? ORDER BY value${direction}, sample_id${direction}`
  const rest = new Set(ids(`WHERE ${where} ORDER BY s.id${direction}`))
  const first = columnSql<number>(db, scored)
    .all(sort.slice('score:'.length))
    .filter((id) => rest.delete(id))
  return [...first, ...rest]
}

/** Number of annotations by sample id; samples without any are absent. One pass over an index. */
export function annotationCounts(db: ReadDb): Map<number, number> {
  const text = 'SELECT sample_id, count(*) FROM visible_annotation GROUP BY sample_id'
  return new Map(tupleSql<[number, number]>(db, text).all())
}

/** Counting sort: many samples share few counts. */
function byCount(ids: number[], counts: Map<number, number>, descending = false): number[] {
  const groups = new Map<number, number[]>()
  for (const id of ids) {
    const count = counts.get(id) ?? 0
    const group = groups.get(count)
    if (group) group.push(id)
    else groups.set(count, [id])
  }
  const order = [...groups.keys()].sort((a, b) => a - b)
  return reversed(
    order.flatMap((count) => groups.get(count)!),
    descending,
  )
}

/** Rows come in natural order of their names and are dealt out to their folders, which are few. */
function byFolder(db: ReadDb, where: string, args: SqlValue[], descending = false): number[] {
  const rows = tupleSql<[number, string]>(
    db,
    `SELECT s.id, s.root_id || '/' || substr(s.path, 1, length(s.path) - length(s.name))
     FROM visible_sample s WHERE ${where} ORDER BY s.name_key, s.id`,
  )
  const folders = new Map<string, number[]>()
  for (const [id, folder] of rows.all(...args)) {
    const list = folders.get(folder)
    if (list) list.push(id)
    else folders.set(folder, [id])
  }
  const order = [...folders.keys()]
    .map((folder) => ({ folder, key: naturalKey(folder) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return reversed(
    order.flatMap(({ folder }) => folders.get(folder)!),
    descending,
  )
}

const reversed = (ids: number[], descending: boolean): number[] => (descending ? ids.reverse() : ids)

export interface Neighbour {
  sample: number | null
  /** Place in the order; null with `sample`. */
  index: number | null
  total: number
}

/**
 * The nearest sample before or after `from` in an order that also satisfies `want`. `from` need not match the filter:
 * then its place among all samples counts.
 */
export function findNeighbour(
  db: ReadDb,
  from: number,
  step: 1 | -1,
  want: SampleFilter,
  wrap: boolean,
  ordering: SampleOrdering,
): Neighbour {
  const ids = orderedSampleIds(db, ordering)
  const none: Neighbour = { sample: null, index: null, total: ids.length }
  const position = new Map(ids.map((id, index) => [id, index]))
  const wanted =
    Object.keys(want).length === 0 ? null : new Set(orderedSampleIds(db, { filter: { ...want, ids: undefined } }))
  const isHit = (id: number) => position.has(id) && (wanted === null || wanted.has(id))
  const line = position.has(from) ? ids : orderedSampleIds(db, { ...ordering, filter: {} })
  const start = position.get(from) ?? line.indexOf(from)
  // A sample that is gone has no place: the search begins at the end that it would have come from.
  const begin = start < 0 ? (step === 1 ? -1 : line.length) : start
  const reach = wrap ? line.length : step === 1 ? line.length - 1 - begin : begin
  for (let i = 1; i <= reach; i++) {
    const id = line[(((begin + step * i) % line.length) + line.length) % line.length]
    if (id !== from && isHit(id)) return { sample: id, index: position.get(id)!, total: ids.length }
  }
  return none
}
