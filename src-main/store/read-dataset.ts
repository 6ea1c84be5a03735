/** The project as a format writes it: labels in index order, samples with annotations as a stream. */
import { basename } from 'node:path'
import type { Dataset, DatasetItem, DatasetLabel, DatasetSample } from '@shared/domain/dataset'
import type { Split } from '@shared/domain/split'
import { unpackFlags, unpackShape } from './pack-shape'
import { sql, type ReadDb } from './db'
import { fromJson } from './json'
import { listLabels } from './label'
import { imageFile, listRoots, pairFile } from './root'
import type { AnnotationRow, SampleRow } from './rows'
import type { Store } from './store'
import { annotationsOf, walkSamples } from './walk-samples'

export interface OpenDataset {
  dataset: Dataset
  /** Number of samples that `items` gives. */
  samples: number
  /** Absolute path of the image of a sample (by its dataset key), or of its pair. */
  imageFile(key: string, which?: 'image' | 'pair'): string
  close(): void
}

/**
 * Shows one moment of the project, until closed. Keys are row ids. Paths are relative to the sample's root; when samples
 * come from several roots, the root's name (numbered where names are equal) comes before them.
 */
export function openDataset(store: Store, { splits = [] }: { splits?: readonly Split[] } = {}): OpenDataset {
  const reader = store.openReader()
  reader.exec('BEGIN')
  const filter = splits.length > 0 ? ' WHERE split IN (SELECT value FROM json_each(?))' : ''
  const args = splits.length > 0 ? [JSON.stringify(splits)] : []
  const samples = sql<{ n: number }>(reader, `SELECT count(*) AS n FROM visible_sample${filter}`).get(...args)!.n
  const prefix = rootPrefixes(reader, store.folder)
  const roots = new Map(listRoots(reader, store.folder).map((root) => [root.id, root.path]))
  const extra = Object.assign(
    {},
    ...sql<{ extra: string }>(
      reader,
      `SELECT extra FROM import WHERE status = 'done' AND extra IS NOT NULL ORDER BY id`,
    )
      .all()
      .map((row) => JSON.parse(row.extra) as object),
  ) as Record<string, unknown>
  const labels: DatasetLabel[] = listLabels(reader).map((label) => ({
    key: String(label.id),
    name: label.name,
    cocoId: label.cocoId,
    ...(label.skeleton ? { skeleton: label.skeleton } : {}),
    ...(label.extra ? { extra: label.extra } : {}),
  }))
  return {
    samples,
    dataset: {
      labels,
      ...(Object.keys(extra).length > 0 ? { extra } : {}),
      async *items() {
        for (const page of walkSamples(reader, store.folder, splits)) {
          const annotations = annotationsOf(reader, page)
          for (const { sample } of page) yield toItem(sample, annotations.get(sample.id)!, prefix)
        }
      },
    },
    imageFile(key, which = 'image') {
      const sample = sql<SampleRow>(reader, 'SELECT * FROM sample WHERE id = ?').get(Number(key))!
      const root = roots.get(sample.root_id)!
      return (which === 'pair' ? pairFile(store.folder, root, sample) : null) ?? imageFile(store.folder, root, sample)
    },
    close: () => reader.close(),
  }
}

function toItem(sample: SampleRow, annotations: AnnotationRow[], prefix: Map<number, string>): DatasetItem {
  const out: DatasetSample = {
    key: String(sample.id),
    path: (prefix.get(sample.root_id) ?? '') + sample.path,
    cocoImageId: sample.coco_image_id,
  }
  if (sample.width !== null) out.width = sample.width
  if (sample.height !== null) out.height = sample.height
  if (sample.split !== null) out.split = sample.split as Split
  if (sample.reviewed === 1) out.reviewed = true
  if (sample.pair !== null) out.pair = (prefix.get(sample.root_id) ?? '') + sample.pair
  if (sample.extra !== null) out.extra = fromJson(sample.extra)!
  return {
    sample: out,
    annotations: annotations.map((row) => ({
      sample: out.key,
      label: String(row.label_id),
      shape: unpackShape(row),
      flags: unpackFlags(row.flags),
      ...(row.area === null ? {} : { area: row.area }),
      ...(row.extra === null ? {} : { extra: fromJson<Record<string, unknown>>(row.extra)! }),
    })),
  }
}

/** `name/` per root id; empty when one root holds all samples. */
function rootPrefixes(db: ReadDb, folder: string): Map<number, string> {
  const used = sql<{ root_id: number }>(db, 'SELECT DISTINCT root_id FROM visible_sample ORDER BY root_id').all()
  if (used.length < 2) return new Map()
  const paths = new Map(listRoots(db, folder).map((root) => [root.id, root.path]))
  const taken = new Set<string>()
  return new Map(
    used.map(({ root_id }) => {
      const name = basename(paths.get(root_id)!) || 'images'
      let unique = name
      for (let n = 2; taken.has(unique.toLowerCase()); n++) unique = `${name}-${n}`
      taken.add(unique.toLowerCase())
      return [root_id, `${unique}/`]
    }),
  )
}
