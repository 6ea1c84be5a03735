/** What is done to many samples at once, each one undo step. Splits and review: services/samples; division: assign-splits. */
import type { SampleSelection } from '@shared/contract/filter'
import type { Writer } from './change'
import { columnSql, sql, type ReadDb } from './db'
import { fromJson } from './json'
import { sampleIds } from './sample'
import type { Store } from './store'

/** Ids that are not there stay in the list; bulk changes pass over them. */
export const selectedSamples = (db: ReadDb, selection: SampleSelection): number[] =>
  'ids' in selection ? [...new Set(selection.ids)] : sampleIds(db, selection.filter)

export function listTags(db: ReadDb): { tag: string; samples: number }[] {
  return sql<{ tag: string; samples: number }>(
    db,
    `SELECT value AS tag, count(*) AS samples FROM visible_sample, json_each(tags) WHERE tags IS NOT NULL
     GROUP BY value ORDER BY fold(value), value`,
  ).all()
}

/** Returns the number of samples that changed. */
export function setTags(
  store: Store,
  selection: SampleSelection,
  { add = [], remove = [] }: { add?: readonly string[]; remove?: readonly string[] },
): number {
  const ids = selectedSamples(store.db, selection)
  const reason = add.length > 0 ? `Tag with ${add.join(', ')}` : `Remove tag ${remove.join(', ')}`
  return store.change(reason, (write) =>
    rewriteTags(store.db, write, ids, (tags) => [...tags.filter((tag) => !remove.includes(tag)), ...add]),
  )
}

/** On every sample; joins the two when `to` is in use. Returns the number of samples that changed. */
export function renameTag(store: Store, from: string, to: string): number {
  const ids = sampleIds(store.db, { tags: [from] })
  return store.change(`Rename tag "${from}" to "${to}"`, (write) =>
    rewriteTags(store.db, write, ids, (tags) => tags.map((tag) => (tag === from ? to : tag))),
  )
}

/** Samples with equal tags change as one set, so that tagging 100,000 images is a small step of the history. */
function rewriteTags(db: ReadDb, write: Writer, ids: number[], edit: (tags: string[]) => string[]): number {
  const rows = sql<{ id: number; tags: string | null }>(
    db,
    'SELECT id, tags FROM visible_sample WHERE id IN (SELECT value FROM json_each(?))',
  )
  const groups = new Map<string | null, number[]>()
  for (const { id, tags } of rows.all(JSON.stringify(ids))) {
    const group = groups.get(tags)
    if (group) group.push(id)
    else groups.set(tags, [id])
  }
  let changed = 0
  for (const [tags, group] of groups) {
    const edited = [...new Set(edit(fromJson<string[]>(tags) ?? []))].sort()
    changed += write.set('sample', 'tags', edited.length > 0 ? JSON.stringify(edited) : null, group)
  }
  return changed
}

export interface SampleRemoval {
  samples: number
  annotations: number
}

export function previewSampleRemoval(db: ReadDb, selection: SampleSelection): SampleRemoval {
  const { samples, annotations } = planRemoval(db, selection)
  return { samples: samples.length, annotations: annotations.length }
}

/** Takes samples and their annotations out of the project. Image files, also copies in blobs/, stay where they are. */
export function removeSamples(store: Store, selection: SampleSelection): SampleRemoval {
  const { samples, annotations } = planRemoval(store.db, selection)
  store.change(samples.length === 1 ? 'Remove image' : `Remove ${samples.length} images`, (write) => {
    write.removeSet('annotation', annotations)
    write.removeSet('sample', samples)
  })
  return { samples: samples.length, annotations: annotations.length }
}

function planRemoval(db: ReadDb, selection: SampleSelection): { samples: number[]; annotations: number[] } {
  const list = JSON.stringify(selectedSamples(db, selection))
  const ids = (text: string) => columnSql<number>(db, text).all(list)
  return {
    samples: ids('SELECT id FROM visible_sample WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id'),
    annotations: ids(
      'SELECT id FROM visible_annotation WHERE sample_id IN (SELECT value FROM json_each(?)) ORDER BY id',
    ),
  }
}

export interface DuplicateGroups {
  /** Largest first, at least two samples each, ids ascending. */
  groups: { hash: string; samples: number[] }[]
  total: number
  /** Samples whose file was not hashed yet (or is not there). */
  unhashed: number
}

/** Samples with byte-identical files. */
export function findDuplicates(db: ReadDb, limit: number, offset = 0): DuplicateGroups {
  const groups = `FROM visible_sample WHERE hash IS NOT NULL GROUP BY hash HAVING count(*) > 1`
  const rows = sql<{ hash: string; ids: string }>(
    db,
    `SELECT hash, json_group_array(id) AS ids ${groups} ORDER BY count(*) DESC, min(id) LIMIT ? OFFSET ?`,
  ).all(limit, offset)
  const count = (text: string) => sql<{ n: number }>(db, text).get()!.n
  return {
    groups: rows.map(({ hash, ids }) => ({ hash, samples: (JSON.parse(ids) as number[]).sort((a, b) => a - b) })),
    total: count(`SELECT count(*) AS n FROM (SELECT 1 ${groups})`),
    unhashed: count('SELECT count(*) AS n FROM visible_sample WHERE hash IS NULL'),
  }
}
