/** Samples with their annotations in id order, in pages: memory stays flat, and other statements may run in between. */
import type { Split } from '@shared/domain/split'
import { sql, type ReadDb } from './db'
import { imageFile, listRoots } from './root'
import type { AnnotationRow, SampleRow } from './rows'

export interface WalkedSample {
  sample: SampleRow
  /** Absolute path of the image. */
  file: string
  /** In drawing order. */
  annotations: AnnotationRow[]
}

/** @param splits only these; empty: all samples, also those without a split. */
export function* walkSamples(
  db: ReadDb,
  folder: string,
  splits: readonly Split[],
  pageSize = 500,
): Generator<WalkedSample> {
  const roots = new Map(listRoots(db, folder).map((root) => [root.id, root.path]))
  const filter = splits.length > 0 ? ' AND split IN (SELECT value FROM json_each(?))' : ''
  const args = splits.length > 0 ? [JSON.stringify(splits)] : []
  const page = sql<SampleRow>(db, `SELECT * FROM visible_sample WHERE id > ?${filter} ORDER BY id LIMIT ?`)
  const annotations = sql<AnnotationRow>(
    db,
    `SELECT * FROM visible_annotation WHERE sample_id IN (SELECT value FROM json_each(?)) ORDER BY sample_id, z, id`,
  )
  for (let last = 0; ;) {
    const samples = page.all(last, ...args, pageSize)
    if (samples.length === 0) return
    const bySample = new Map<number, AnnotationRow[]>()
    for (const row of annotations.all(JSON.stringify(samples.map((sample) => sample.id)))) {
      const list = bySample.get(row.sample_id)
      if (list) list.push(row)
      else bySample.set(row.sample_id, [row])
    }
    for (const sample of samples) {
      yield {
        sample,
        file: imageFile(folder, roots.get(sample.root_id)!, sample),
        annotations: bySample.get(sample.id) ?? [],
      }
    }
    last = samples.at(-1)!.id
  }
}
