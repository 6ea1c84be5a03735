/** Samples in id order, in pages: memory stays flat, and other statements may run in between. */
import type { Split } from '@shared/domain/split'
import { sql, type ReadDb } from './db'
import { imageFile, listRoots, pairFile } from './root'
import type { AnnotationRow, SampleRow } from './rows'

export interface WalkedSample {
  sample: SampleRow
  /** Absolute path of the image. */
  file: string
  /** Absolute path of the image that it should be; null: none. */
  pair: string | null
}

/** @param splits only these; empty: all samples, also those without a split. */
export function* walkSamples(
  db: ReadDb,
  folder: string,
  splits: readonly Split[],
  pageSize = 500,
): Generator<WalkedSample[]> {
  const roots = new Map(listRoots(db, folder).map((root) => [root.id, root.path]))
  const filter = splits.length > 0 ? ' AND split IN (SELECT value FROM json_each(?))' : ''
  const args = splits.length > 0 ? [JSON.stringify(splits)] : []
  const page = sql<SampleRow>(db, `SELECT * FROM visible_sample WHERE id > ?${filter} ORDER BY id LIMIT ?`)
  for (let last = 0; ;) {
    const samples = page.all(last, ...args, pageSize)
    if (samples.length === 0) return
    yield samples.map((sample) => {
      const root = roots.get(sample.root_id)!
      return { sample, file: imageFile(folder, root, sample), pair: pairFile(folder, root, sample) }
    })
    last = samples.at(-1)!.id
  }
}

/** The annotations of a page by sample id, in drawing order; every sample has a list. */
export function annotationsOf(db: ReadDb, page: readonly WalkedSample[]): Map<number, AnnotationRow[]> {
  const bySample = new Map<number, AnnotationRow[]>(page.map(({ sample }) => [sample.id, []]))
  const rows = sql<AnnotationRow>(
    db,
    'SELECT * FROM visible_annotation WHERE sample_id IN (SELECT value FROM json_each(?)) ORDER BY sample_id, z, id',
  )
  for (const row of rows.all(JSON.stringify([...bySample.keys()]))) bySample.get(row.sample_id)!.push(row)
  return bySample
}
