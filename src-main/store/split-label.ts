/** Moving a part of a label's objects to another label: by size, shape, flags, attribute, split, name of the image... */
import { TagwrightError } from '@shared/base/errors'
import type { ObjectFilter, SampleFilter } from '@shared/contract/filter'
import { changeLabels, insertLabel, needLabel } from './change-labels'
import { sql, type ReadDb } from './db'
import { findLabel, type LabelUsage } from './label'
import { objectCondition, sampleCondition } from './sample-filter'
import type { Store } from './store'

export interface SplitChoice {
  label: string | number
  objects: ObjectFilter
  samples: SampleFilter
}

export function previewSplit(db: ReadDb, choice: SplitChoice): LabelUsage {
  const rows = chosen(db, choice)
  return { annotations: rows.length, samples: new Set(rows.map((row) => row.sample)).size }
}

/** @param into name of the other label, added when it is new. Throws `nothing-chosen`. */
export function splitLabel(store: Store, choice: SplitChoice, into: string): { annotations: number; into: number } {
  const from = needLabel(store.db, choice.label)
  if (from.name === into) {
    throw new TagwrightError('bad-input', `"${into}" is the label itself. Name another one, or a new one.`)
  }
  const ids = chosen(store.db, choice).map((row) => row.id)
  if (ids.length === 0) {
    throw new TagwrightError('nothing-chosen', `No object of "${from.name}" satisfies the conditions. Widen them.`)
  }
  return changeLabels(store, `Split label "${from.name}" into "${into}"`, (write, db) => {
    const known = findLabel(db, into)
    const target = known ? needLabel(db, known.id).id : insertLabel(write, db, { name: into })
    return { annotations: write.set('annotation', 'label_id', target, ids), into: target }
  })
}

function chosen(db: ReadDb, { label, objects, samples }: SplitChoice): { id: number; sample: number }[] {
  const object = objectCondition({ ...objects, labels: [needLabel(db, label).id] })
  const sample = sampleCondition(samples)
  return sql<{ id: number; sample: number }>(
    db,
    `SELECT a.id, a.sample_id AS sample FROM visible_annotation a JOIN visible_sample s ON s.id = a.sample_id
     WHERE ${object.where} AND ${sample.where} ORDER BY a.id`,
  ).all(...object.args, ...sample.args)
}
