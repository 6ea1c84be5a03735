/** The numbers of `info`: answered from indexes, so that large projects answer at once. */
import type { ShapeKind } from '@shared/domain/annotation'
import { sql, type ReadDb } from './db'

export interface ProjectCounts {
  samples: number
  splits: { train: number; val: number; test: number; none: number }
  states: { ok: number; missing: number; unreadable: number }
  reviewed: number
  /** Samples with at least one annotation. */
  labelled: number
  annotations: number
  shapes: Partial<Record<ShapeKind, number>>
  /** By label id. */
  labels: Map<number, { annotations: number; samples: number }>
}

export function countProject(db: ReadDb): ProjectCounts {
  const counts: ProjectCounts = {
    samples: 0,
    splits: { train: 0, val: 0, test: 0, none: 0 },
    states: { ok: 0, missing: 0, unreadable: 0 },
    reviewed: 0,
    labelled: 0,
    annotations: 0,
    shapes: {},
    labels: new Map(),
  }
  const samples = sql<{
    split: 'train' | 'val' | 'test' | null
    reviewed: number
    state: 'ok' | 'missing' | 'unreadable'
    n: number
  }>(db, 'SELECT split, reviewed, state, count(*) AS n FROM visible_sample GROUP BY split, reviewed, state')
  for (const { split, reviewed, state, n } of samples.iterate()) {
    counts.samples += n
    counts.splits[split ?? 'none'] += n
    counts.states[state] += n
    if (reviewed === 1) counts.reviewed += n
  }
  // The index (label_id, kind, sample_id) gives label, kind and sample in order: one pass, nothing to sort.
  const labels = sql<{ label_id: number; kind: ShapeKind; annotations: number; samples: number }>(
    db,
    `SELECT label_id, kind, count(*) AS annotations, count(DISTINCT sample_id) AS samples
     FROM visible_annotation GROUP BY label_id, kind`,
  )
  for (const row of labels.iterate()) {
    counts.annotations += row.annotations
    counts.shapes[row.kind] = (counts.shapes[row.kind] ?? 0) + row.annotations
    const label = counts.labels.get(row.label_id)
    if (!label) counts.labels.set(row.label_id, { annotations: row.annotations, samples: row.samples })
    else {
      label.annotations += row.annotations
      label.samples = sql<{ n: number }>(
        db,
        'SELECT count(DISTINCT sample_id) AS n FROM visible_annotation WHERE label_id = ?',
      ).get(row.label_id)!.n
    }
  }
  counts.labelled = sql<{ n: number }>(db, 'SELECT count(DISTINCT sample_id) AS n FROM visible_annotation').get()!.n
  return counts
}
