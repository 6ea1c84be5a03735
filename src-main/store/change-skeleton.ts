/** Defining and editing the keypoints of a label; poses that are labelled already follow in the same undo step. */
import { TagwrightError } from '@shared/base/errors'
import type { Shape } from '@shared/domain/annotation'
import { skeletonFault, type Skeleton } from '@shared/domain/skeleton'
import { packShape, unpackShape } from './pack-shape'
import { changeLabels, needLabel } from './change-labels'
import { sql, type ReadDb } from './db'
import type { ProjectLabel } from './label'
import type { AnnotationRow } from './rows'
import type { Store } from './store'

type Keypoints = Extract<Shape, { kind: 'keypoints' }>
/** Per new point the index of the old one whose coordinates it takes; null: a new point. */
export type PointSources = readonly (number | null)[]

export interface SkeletonPreview {
  annotations: number
  samples: number
  /** Labelled points (v > 0) that the new skeleton has no place for. */
  lostPoints: number
  /** Poses that would be left without a labelled point. */
  emptied: number
}

export function previewSkeleton(
  db: ReadDb,
  ref: string | number,
  skeleton: Skeleton | null,
  sources?: PointSources,
): SkeletonPreview {
  const label = needLabel(db, ref)
  const map = checkSources(label, skeleton, sources)
  const samples = new Set<number>()
  const preview: SkeletonPreview = { annotations: 0, samples: 0, lostPoints: 0, emptied: 0 }
  for (const { row, shape } of poses(db, label.id)) {
    const before = labelled(shape)
    const after = labelled(remap(shape, map))
    preview.annotations++
    samples.add(row.sample_id)
    preview.lostPoints += before - after
    if (before > 0 && after === 0) preview.emptied++
  }
  return { ...preview, samples: samples.size }
}

/**
 * Throws `bad-skeleton`; `in-use` when null would take the skeleton from a label that has poses. Returns the number of
 * poses that changed.
 */
export function setSkeleton(
  store: Store,
  ref: string | number,
  skeleton: Skeleton | null,
  sources?: PointSources,
): number {
  const label = needLabel(store.db, ref)
  const map = checkSources(label, skeleton, sources)
  if (skeleton === null) {
    const used = sql(
      store.db,
      `SELECT 1 FROM visible_annotation WHERE label_id = ? AND kind = 'keypoints' LIMIT 1`,
    ).get(label.id)
    if (used) {
      throw new TagwrightError(
        'in-use',
        `"${label.name}" has keypoint annotations, which need its skeleton. Remove them first.`,
        { label: label.id },
      )
    }
  }
  const verb = label.skeleton === null ? 'Add' : skeleton === null ? 'Remove' : 'Edit'
  return changeLabels(store, `${verb} skeleton of "${label.name}"`, (write, db) => {
    const { skeleton_id: current } = sql<{ skeleton_id: number | null }>(
      db,
      'SELECT skeleton_id FROM label WHERE id = ?',
    ).get(label.id)!
    if (skeleton === null) {
      if (current !== null) write.update('label', label.id, { skeleton_id: null })
      return 0
    }
    const data = JSON.stringify(skeleton)
    const shared =
      current !== null && sql(db, 'SELECT 1 FROM label WHERE skeleton_id = ? AND id <> ?').get(current, label.id)
    if (current !== null && !shared) write.update('skeleton', current, { data })
    else write.update('label', label.id, { skeleton_id: write.insert('skeleton', { data }) })
    let count = 0
    // Rows are read before the first is written: SQLite does not promise an order when both happen at once.
    for (const { row, shape } of [...poses(db, label.id)]) {
      if (isIdentity(map, shape)) continue
      write.update('annotation', row.id, packShape(remap(shape, map)))
      count++
    }
    return count
  })
}

/** Checks the skeleton and finds where each point comes from. */
function checkSources(
  { name, skeleton: old }: ProjectLabel,
  skeleton: Skeleton | null,
  given?: PointSources,
): PointSources {
  if (skeleton === null) return []
  const bad = (message: string) => new TagwrightError('bad-skeleton', `Skeleton of "${name}": ${message}`)
  const fault = skeletonFault(skeleton)
  if (fault) throw bad(fault)
  const count = skeleton.names.length
  // Poses without a named skeleton (from a file that has none) keep their points in order.
  if (!given) return skeleton.names.map((point, i) => (old ? nullable(old.names.indexOf(point)) : i))
  if (given.length !== count) throw bad(`"sources" has ${given.length} entries for ${count} keypoints.`)
  const used = given.filter((source) => source !== null)
  if (new Set(used).size !== used.length) throw bad('Two keypoints take over the same old point.')
  const beyond = used.find((source) => old !== null && source >= old.names.length)
  if (beyond !== undefined) throw bad(`There is no old keypoint ${beyond}; it had ${old!.names.length}.`)
  return given
}

const nullable = (index: number): number | null => (index < 0 ? null : index)
const labelled = (shape: Keypoints): number => shape.keypoints.filter(([, , v]) => v > 0).length
const remap = (shape: Keypoints, map: PointSources): Keypoints => ({
  ...shape,
  keypoints: map.map((source) => (source === null ? undefined : shape.keypoints[source]) ?? [0, 0, 0]),
})
const isIdentity = (map: PointSources, { keypoints }: Keypoints): boolean =>
  keypoints.length === map.length && map.every((source, i) => source === i)

function* poses(db: ReadDb, label: number): Generator<{ row: AnnotationRow; shape: Keypoints }> {
  const rows = sql<AnnotationRow>(
    db,
    `SELECT * FROM visible_annotation WHERE label_id = ? AND kind = 'keypoints' ORDER BY id`,
  )
  for (const row of rows.iterate(label)) yield { row, shape: unpackShape(row) as Keypoints }
}
