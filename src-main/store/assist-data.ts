/** What training while somebody labels reads: new labels, images to learn from, images that come next. */
import { shapeBox } from '@shared/domain/shape-box'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { shapeArea, toAnnotation } from './annotation'
import { sql, type ReadDb } from './db'
import { listLabels } from './label'
import { imageFile, listRoots, pairFile } from './root'
import type { SampleRow } from './rows'
import { annotationsOf } from './walk-samples'
import { toSnapshot } from './write-snapshot'

/** Id of the newest annotation; 0: there is none. Ids are never used again. */
export const lastAnnotation = (db: ReadDb): number =>
  sql<{ id: number | null }>(db, 'SELECT max(id) AS id FROM visible_annotation').get()?.id ?? 0

/** Annotations that came after one. */
export const countAnnotationsAfter = (db: ReadDb, id: number): number =>
  sql<{ n: number }>(db, 'SELECT count(*) AS n FROM visible_annotation WHERE id > ?').get(id)!.n

/**
 * Images with labels, those with the newest first. Images of val and test teach nothing; without a split they do: a
 * project that has just begun has none.
 */
export function teachingSamples(db: ReadDb, folder: string, limit: number): SnapshotSample[] {
  const rows = sql<SampleRow>(
    db,
    `SELECT s.* FROM visible_sample s
     JOIN (SELECT sample_id, max(id) AS newest FROM visible_annotation GROUP BY sample_id) a ON a.sample_id = s.id
     WHERE s.state = 'ok' AND s.width > 0 AND s.height > 0 AND (s.split IS NULL OR s.split = 'train')
     ORDER BY a.newest DESC LIMIT ?`,
  ).all(limit)
  const roots = new Map(listRoots(db, folder).map((root) => [root.id, root.path]))
  const page = rows.map((sample) => {
    const root = roots.get(sample.root_id)!
    return { sample, file: imageFile(folder, root, sample), pair: pairFile(folder, root, sample) }
  })
  const annotations = annotationsOf(db, page)
  const indexOf = new Map(listLabels(db).map((label) => [label.id, label.index]))
  return page.map((image) => ({
    ...toSnapshot(image),
    annotations: annotations.get(image.sample.id)!.map((row) => {
      const { id, labelId, shape, flags, area } = toAnnotation(row)
      const box = shapeBox(shape)
      return { id, label: indexOf.get(labelId)!, shape, flags, area: area ?? shapeArea(shape), ...(box ? { box } : {}) }
    }),
  }))
}

/** Of these images, in this order, those without labels that nobody marked as reviewed. */
export function unlabelledFiles(
  db: ReadDb,
  folder: string,
  samples: readonly number[],
  limit: number,
): { id: number; file: string }[] {
  const rows = sql<SampleRow>(
    db,
    `SELECT s.* FROM json_each(?) AS wanted JOIN visible_sample s ON s.id = wanted.value
     WHERE s.state = 'ok' AND s.reviewed = 0
       AND NOT EXISTS (SELECT 1 FROM visible_annotation a WHERE a.sample_id = s.id)
     ORDER BY wanted.key LIMIT ?`,
  ).all(JSON.stringify(samples), limit)
  const roots = new Map(listRoots(db, folder).map((root) => [root.id, root.path]))
  return rows.map((sample) => ({ id: sample.id, file: imageFile(folder, roots.get(sample.root_id)!, sample) }))
}
