/**
 * All samples with the boxes of their annotations, in id order and in pages, so that other calls run in between. Boxes
 * come from an index that holds no outlines: 860,000 of them are read in about a second.
 */
import { setImmediate } from 'node:timers/promises'
import { TagwrightError } from '@shared/base/errors'
import { tupleSql, type ReadDb } from './db'

export type BoxTuple = [
  sample: number,
  id: number,
  label: number,
  kind: string,
  flags: number,
  x1: number | null,
  y1: number,
  x2: number,
  y2: number,
]
export type SampleTuple = [
  id: number,
  width: number | null,
  height: number | null,
  split: string | null,
  reviewed: number,
  state: string,
]
export interface BoxPage {
  samples: SampleTuple[]
  /** In order of the samples, then of label and kind. */
  boxes: BoxTuple[]
  first: number
  last: number
}

const sampleColumns = 'id, width, height, split, reviewed, state'
const boxColumns = 'sample_id, id, label_id, kind, flags, x1, y1, x2, y2'

/** Throws `closing` when the project is closed meanwhile, and what the signal says. */
export async function* walkBoxes(db: ReadDb, signal?: AbortSignal, pageSize = 2000): AsyncGenerator<BoxPage> {
  const page = `SELECT ${sampleColumns} FROM visible_sample WHERE id > ? ORDER BY id LIMIT ?`
  const inside = `SELECT ${boxColumns} FROM visible_annotation WHERE sample_id BETWEEN ? AND ? ORDER BY sample_id`
  for (let last = 0; ;) {
    if (!db.open) throw new TagwrightError('closing', 'The project was closed.')
    signal?.throwIfAborted()
    const samples = tupleSql<SampleTuple>(db, page).all(last, pageSize)
    if (samples.length === 0) return
    const first = samples[0][0]
    last = samples.at(-1)![0]
    yield { samples, boxes: tupleSql<BoxTuple>(db, inside).all(first, last), first, last }
    await setImmediate()
  }
}

/** The same for some samples at once; those that are not there are left out. */
export function readBoxes(db: ReadDb, ids: readonly number[]): Pick<BoxPage, 'samples' | 'boxes'> {
  const list = JSON.stringify(ids)
  const some = 'IN (SELECT value FROM json_each(?))'
  const samples = `SELECT ${sampleColumns} FROM visible_sample WHERE id ${some} ORDER BY id`
  const boxes = `SELECT ${boxColumns} FROM visible_annotation WHERE sample_id ${some} ORDER BY sample_id`
  return {
    samples: tupleSql<SampleTuple>(db, samples).all(list),
    boxes: tupleSql<BoxTuple>(db, boxes).all(list),
  }
}

/** The boxes of each sample in turn; both lists are in order of the samples. */
export function* bySample({
  samples,
  boxes,
}: Pick<BoxPage, 'samples' | 'boxes'>): Generator<[SampleTuple, BoxTuple[]]> {
  let at = 0
  for (const sample of samples) {
    const start = at
    while (at < boxes.length && boxes[at][0] <= sample[0]) at++
    yield [sample, boxes.slice(start, at).filter((box) => box[0] === sample[0])]
  }
}
