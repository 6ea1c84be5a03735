/** Where a classifier's stored predictions and the classes of the images disagree: one question per image. */
import { sql, type ReadDb } from './db'
import type { ReviewAnnotation, ReviewItem } from './review-item'
import type { PredictionBoxRow } from './rows'

/**
 * The likeliest class of every image that is no class of it. An image with another class is an item `wrong-class`, one
 * without any is `false-positive`; what was decided, and what scores below `conf`, is none. Largest disagreement first:
 * the score times one minus the score of the image's own class.
 */
export function reviewClasses(db: ReadDb, source: string, conf: number): ReviewItem[] {
  const tags = new Map<number, ReviewAnnotation[]>()
  for (const row of sql<ReviewAnnotation>(
    db,
    `SELECT id, sample_id, label_id, kind, x1, y1, x2, y2, flags FROM visible_annotation
     WHERE kind = 'tag' AND sample_id IN (SELECT sample_id FROM prediction WHERE source = ?) ORDER BY id`,
  ).all(source)) {
    const known = tags.get(row.sample_id)
    if (known) known.push(row)
    else tags.set(row.sample_id, [row])
  }
  const items: ReviewItem[] = []
  for (const { prediction, ownScore, name, split } of topClasses(db, source, (row) => tags.get(row.sample_id) ?? [])) {
    const own = tags.get(prediction.sample_id) ?? []
    if (prediction.state !== 'pending' || prediction.score < conf) continue
    if (own.some((tag) => tag.label_id === prediction.label_id)) continue
    const { x1, y1, x2, y2 } = prediction
    items.push({
      id: `p${prediction.id}`,
      kind: own.length > 0 ? 'wrong-class' : 'false-positive',
      sample: prediction.sample_id,
      name,
      split,
      disagreement: prediction.score * (1 - ownScore),
      prediction,
      // A class is of the whole image, as the model's word is.
      annotation: own.length > 0 ? { ...own[0], x1, y1, x2, y2 } : null,
      iou: null,
    })
  }
  return items.sort((a, b) => b.disagreement - a.disagreement || a.sample - b.sample)
}

interface TopClass {
  prediction: PredictionBoxRow
  /** Highest score of the image's own classes; 0 where the model does not name them. */
  ownScore: number
  name: string
  split: string | null
}

function topClasses(
  db: ReadDb,
  source: string,
  tagsOf: (row: PredictionBoxRow) => readonly ReviewAnnotation[],
): TopClass[] {
  const rows = sql<PredictionBoxRow & { name: string; split: string | null }>(
    db,
    `SELECT b.*, s.path AS name, s.split FROM prediction_box b JOIN visible_sample s ON s.id = b.sample_id
     WHERE b.source = ? ORDER BY b.sample_id, b.score DESC, b.id`,
  ).all(source)
  const tops = new Map<number, TopClass>()
  for (const { name, split, ...row } of rows) {
    const isOwn = tagsOf(row).some((tag) => tag.label_id === row.label_id)
    const top = tops.get(row.sample_id)
    if (!top) tops.set(row.sample_id, { prediction: row, ownScore: isOwn ? row.score : 0, name, split })
    else if (isOwn) top.ownScore = Math.max(top.ownScore, row.score)
  }
  return [...tops.values()]
}
