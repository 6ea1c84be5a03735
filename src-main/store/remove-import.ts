/** "Remove this import": takes out what one import brought, as one undo step. */
import { TagwrightError } from '@shared/base/errors'
import { sql, type ReadDb } from './db'
import { fromJson } from './json'
import type { Store } from './store'

export interface ImportSummary {
  id: number
  source: string
  format: string | null
  /** `removed` ones can come back by undo. */
  status: 'done' | 'removed'
  finishedAt: string
  /** What it brought when it ended. */
  samples: number
  annotations: number
  labels: number
  report: unknown
}

export interface ImportRemoval {
  annotations: number
  samples: number
  /** Samples of the import that stay because they have other annotations. */
  keptSamples: number
  /** Labels of the import that are unused afterwards and stand at the end of the order. */
  labels: number
}

/** Oldest first; pending ones are left out. */
export function listImports(db: ReadDb): ImportSummary[] {
  type Row = Omit<ImportSummary, 'report'> & { report: string | null }
  return sql<Row>(
    db,
    `SELECT id, source, format, status, finished_at AS finishedAt, samples, annotations, labels, report FROM import
     WHERE status <> 'pending' ORDER BY id`,
  )
    .all()
    .map((row) => ({ ...row, report: fromJson(row.report) }))
}

/** What {@link removeImport} would remove. Throws `not-found`. */
export function previewRemoval(db: ReadDb, id: number): ImportRemoval {
  const plan = planRemoval(db, id)
  return {
    annotations: plan.annotations.length,
    samples: plan.samples.length,
    keptSamples: plan.kept.length,
    labels: plan.labels.length,
  }
}

/** Throws `not-found`; `import-running` while another import is pending. */
export function removeImport(store: Store, id: number): ImportRemoval {
  if (sql(store.db, `SELECT 1 FROM import WHERE status = 'pending'`).get()) {
    throw new TagwrightError('import-running', 'Another import is running. Wait until it has ended.')
  }
  const plan = planRemoval(store.db, id)
  store.change(`Remove import of ${plan.source}`, (write) => {
    write.removeSet('annotation', plan.annotations)
    write.set('sample', 'import_id', null, plan.kept)
    write.removeSet('sample', plan.samples)
    for (const label of plan.labels) write.remove('label', label)
    write.update('import', id, { status: 'removed' })
  })
  return {
    annotations: plan.annotations.length,
    samples: plan.samples.length,
    keptSamples: plan.kept.length,
    labels: plan.labels.length,
  }
}

interface Plan {
  source: string
  annotations: number[]
  samples: number[]
  kept: number[]
  /** Highest index first. */
  labels: number[]
}

function planRemoval(db: ReadDb, id: number): Plan {
  const batch = sql<{ source: string; status: string; a1: number; a2: number; s1: number; s2: number }>(
    db,
    `SELECT source, status, first_annotation AS a1, last_annotation AS a2, first_sample AS s1, last_sample AS s2
     FROM import WHERE id = ?`,
  ).get(id)
  if (batch?.status !== 'done')
    throw new TagwrightError('not-found', `There is no import ${id} that could be removed.`, { import: id })
  const ids = (text: string, ...args: number[]) =>
    sql<{ id: number }>(db, text)
      .all(...args)
      .map((row) => row.id)
  const annotations = ids(
    'SELECT id FROM annotation WHERE id BETWEEN ? AND ? AND import_id = ?',
    batch.a1,
    batch.a2,
    id,
  )
  const samples = ids('SELECT id FROM sample WHERE id BETWEEN ? AND ? AND import_id = ?', batch.s1, batch.s2, id)
  const kept = new Set(
    ids(
      `SELECT DISTINCT sample.id FROM sample JOIN annotation ON sample_id = sample.id
       WHERE sample.id BETWEEN ? AND ? AND sample.import_id = ? AND annotation.import_id IS NOT ?`,
      batch.s1,
      batch.s2,
      id,
      id,
    ),
  )
  const labels: number[] = []
  const order = sql<{ id: number; import_id: number | null }>(
    db,
    'SELECT id, import_id FROM label ORDER BY idx DESC',
  ).all()
  for (const label of order) {
    const used = sql(db, 'SELECT 1 FROM annotation WHERE label_id = ? AND import_id IS NOT ? LIMIT 1').get(label.id, id)
    if (label.import_id !== id || used) break
    labels.push(label.id)
  }
  return {
    source: batch.source,
    annotations,
    samples: samples.filter((sample) => !kept.has(sample)),
    kept: [...kept],
    labels,
  }
}
