/** What the rows hold for a training, before its images are frozen. */
import type { TrainingData } from '@shared/catalog/check-data'
import { isUndivided } from './assign-splits'
import { sql } from './db'
import { listLabels } from './label'
import type { Store } from './store'

/** Where no image has a split yet, the start of the training divides them: all count. */
export function trainingData(store: Store, splits: readonly string[]): TrainingData {
  const { db } = store
  const all = isUndivided(store) ? 1 : 0
  const count = (kind: string) =>
    sql<{ n: number }>(
      db,
      `SELECT count(*) AS n FROM visible_sample s WHERE state = 'ok' AND width > 0 AND height > 0 AND ${kind}
       AND (? OR split IN (SELECT value FROM json_each(?)))`,
    ).get(all, JSON.stringify(splits))!.n
  const having = (condition: string) =>
    `EXISTS (SELECT 1 FROM visible_annotation a WHERE a.sample_id = s.id AND a.kind ${condition} 'tag')`
  const labels = listLabels(db).filter(({ gap }) => !gap)
  return {
    labels: labels.length,
    points: Math.max(0, ...labels.map(({ skeleton }) => skeleton?.names.length ?? 0)),
    splits,
    images: count('1'),
    tagged: count(having('=')),
    marked: count(having('<>')),
  }
}
