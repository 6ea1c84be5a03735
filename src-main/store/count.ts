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
  /** Number of annotations by label id. How many samples they are on is a slower question: labelUsage. */
  labels: Map<number, number>
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
  // The index (label_id, kind, sample_id) gives them in order: one pass, nothing to sort.
  const labels = sql<{ label_id: number; kind: ShapeKind; n: number }>(
    db,
    'SELECT label_id, kind, count(*) AS n FROM visible_annotation GROUP BY label_id, kind',
  )
  for (const { label_id, kind, n } of labels.iterate()) {
    counts.annotations += n
    counts.shapes[kind] = (counts.shapes[kind] ?? 0) + n
    counts.labels.set(label_id, (counts.labels.get(label_id) ?? 0) + n)
  }
  counts.labelled = sql<{ n: number }>(db, 'SELECT count(DISTINCT sample_id) AS n FROM visible_annotation').get()!.n
  return counts
}
