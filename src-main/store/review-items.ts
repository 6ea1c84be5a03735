/** Disagreements between a model's stored predictions and the labels, found anew from the rows as they are. */
import type { ReviewKind } from '@shared/contract/review'
import { truthOf } from '@shared/catalog/tasks'
import { detectionsBuilder, groundTruthBuilder } from '@shared/evaluation/coco-columns'
import { cocoParams } from '@shared/evaluation/coco-params'
import { pairIou } from '@shared/evaluation/pair-iou'
import { tideVerdicts, type TideError } from '@shared/evaluation/tide'
import { unpackFlags } from './pack-shape'
import { sql, type ReadDb } from './db'
import type { PredictionBoxRow } from './rows'
import { getProject } from './project'
import { reviewClasses } from './review-classes'
import type { ReviewAnnotation, ReviewItem } from './review-item'
import { putSampleScores } from './sample-score'
import type { WriteDb } from './db'

const kinds: Record<TideError, ReviewKind> = {
  Bkg: 'false-positive',
  Miss: 'missed',
  Cls: 'wrong-class',
  Loc: 'bad-location',
  Dupe: 'duplicate',
  Both: 'both',
}

/** Largest disagreement first. What was decided still takes part in the matching, but is no item. */
export function reviewItems(db: ReadDb, source: string, conf: number): ReviewItem[] {
  if (truthOf(getProject(db).task) === 'class') return reviewClasses(db, source, conf)
  const samples = sql<{ id: number; name: string; split: string | null }>(
    db,
    `SELECT s.id, s.path AS name, s.split FROM visible_sample s
     WHERE s.id IN (SELECT sample_id FROM prediction WHERE source = ?) ORDER BY s.id`,
  ).all(source)
  const position = new Map(samples.map(({ id }, i) => [id, i]))
  const predictions = sql<PredictionBoxRow>(
    db,
    'SELECT * FROM prediction_box WHERE source = ? AND score >= ? ORDER BY sample_id, score DESC, id',
  )
    .all(source, conf)
    .filter((row) => position.has(row.sample_id))
  const annotations = sql<ReviewAnnotation>(
    db,
    `SELECT id, sample_id, label_id, kind, x1, y1, x2, y2, flags FROM visible_annotation
     WHERE x1 IS NOT NULL AND sample_id IN (SELECT sample_id FROM prediction WHERE source = ?) ORDER BY id`,
  ).all(source)
  const labels = [...new Set([...predictions, ...annotations].map((row) => row.label_id))].sort((a, b) => a - b)
  const category = new Map(labels.map((id, k) => [id, k]))
  const truths = groundTruthBuilder({
    imageIds: Float64Array.from(samples, ({ id }) => id),
    categoryIds: Float64Array.from(labels),
    categoryNames: labels.map(String),
  })
  for (const row of annotations) {
    const [x1, y1, x2, y2] = [row.x1!, row.y1!, row.x2!, row.y2!]
    truths.add({
      image: position.get(row.sample_id)!,
      category: category.get(row.label_id)!,
      id: row.id,
      box: [x1, y1, x2 - x1, y2 - y1],
      area: (x2 - x1) * (y2 - y1),
      crowd: unpackFlags(row.flags).crowd,
    })
  }
  const found = detectionsBuilder({ capacity: predictions.length })
  for (const { sample_id, label_id, score, x1, y1, x2, y2 } of predictions)
    found.add(position.get(sample_id)!, category.get(label_id)!, score, x1, y1, x2 - x1, y2 - y1)
  const [gt, dt] = [truths.finish(), found.finish()]
  const { kind, target, missed } = tideVerdicts({ gt, dt })
  const overlap = pairIou(gt, dt, cocoParams('bbox'))

  const decided = new Set(
    sql<{ id: number }>(db, 'SELECT annotation_id AS id FROM review_mark WHERE source = ?')
      .all(source)
      .map(({ id }) => id),
  )
  const byImage = groupBy(gt.image)
  const dtByImage = groupBy(dt.image)
  const items: ReviewItem[] = []
  const add = (item: Omit<ReviewItem, 'name' | 'split' | 'sample'>, image: number) =>
    items.push({ ...item, sample: samples[image].id, name: samples[image].name, split: samples[image].split })
  predictions.forEach((prediction, d) => {
    const verdict = kind[d]
    if (prediction.state !== 'pending' || verdict === null || verdict === 'hit' || verdict === 'ignored') return
    let same = 0
    for (const g of byImage.get(dt.image[d]) ?? [])
      if (gt.category[g] === dt.category[d]) same = Math.max(same, overlap(d, g))
    const g = target[d]
    add(
      {
        id: `p${prediction.id}`,
        kind: kinds[verdict],
        disagreement: prediction.score * (1 - same),
        prediction,
        annotation: g < 0 ? null : annotations[g],
        iou: g < 0 ? null : overlap(d, g),
      },
      dt.image[d],
    )
  })
  annotations.forEach((annotation, g) => {
    if (!missed[g] || decided.has(annotation.id)) return
    let nearest = 0
    for (const d of dtByImage.get(gt.image[g]) ?? [])
      if (dt.category[d] === gt.category[g]) nearest = Math.max(nearest, overlap(d, g))
    const item = { id: `a${annotation.id}`, kind: 'missed' as const, disagreement: 1 - nearest }
    add({ ...item, prediction: null, annotation, iou: null }, gt.image[g])
  })
  return items.sort((a, b) => b.disagreement - a.disagreement || a.sample - b.sample || (a.id < b.id ? -1 : 1))
}

function groupBy(column: Int32Array): Map<number, number[]> {
  const groups = new Map<number, number[]>()
  column.forEach((key, row) => {
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  })
  return groups
}

/** How unsure a score is: binary entropy in bits, or 1 - |2 score - 1|; both 0 at 0 and 1, and 1 at .5. */
export function scoreUncertainty(score: number, by: 'entropy' | 'margin'): number {
  if (by === 'margin') return 1 - Math.abs(2 * score - 1)
  const term = (p: number) => (p <= 0 ? 0 : -p * Math.log2(p))
  return term(score) + term(1 - score)
}

export interface UncertainImage {
  sample: number
  name: string
  uncertainty: number
  predictions: number
}

/** Samples that the model looked at, least sure first. Those without a detection are 0. */
export function uncertainImages(
  db: ReadDb,
  source: string,
  options: { by: 'entropy' | 'margin'; join: 'sum' | 'mean' | 'max'; unlabelled?: boolean },
): UncertainImage[] {
  const { by, join, unlabelled = true } = options
  const none = unlabelled ? 'AND NOT EXISTS (SELECT 1 FROM visible_annotation a WHERE a.sample_id = s.id)' : ''
  const images = sql<{ sample: number; name: string }>(
    db,
    `SELECT s.id AS sample, s.path AS name FROM visible_sample s
     WHERE s.id IN (SELECT sample_id FROM prediction WHERE source = ?) ${none} ORDER BY s.id`,
  ).all(source)
  const scores = new Map<number, number[]>(images.map(({ sample }) => [sample, []]))
  const rows = sql<{ sample: number; score: number }>(
    db,
    `SELECT sample_id AS sample, score FROM prediction_box WHERE source = ? AND state <> 'rejected'`,
  )
  for (const { sample, score } of rows.iterate(source)) scores.get(sample)?.push(scoreUncertainty(score, by))
  return images
    .map((image) => {
      const values = scores.get(image.sample)!
      const sum = values.reduce((a, b) => a + b, 0)
      const uncertainty =
        values.length === 0 ? 0 : join === 'sum' ? sum : join === 'mean' ? sum / values.length : Math.max(...values)
      return { ...image, uncertainty, predictions: values.length }
    })
    .sort((a, b) => b.uncertainty - a.uncertainty || a.sample - b.sample)
}

/** Gives the gallery figures to sort by: `uncertainty` and `disagreement` of the samples the model looked at. */
export function putReviewScores(db: WriteDb, source: string, conf: number): void {
  const images = uncertainImages(db, source, { by: 'entropy', join: 'sum', unlabelled: false })
  putSampleScores(
    db,
    'uncertainty',
    images.map(({ sample, uncertainty }) => ({ sample, value: uncertainty })),
  )
  const sums = new Map(images.map(({ sample }) => [sample, 0]))
  for (const { sample, disagreement } of reviewItems(db, source, conf))
    sums.set(sample, (sums.get(sample) ?? 0) + disagreement)
  putSampleScores(
    db,
    'disagreement',
    [...sums].map(([sample, value]) => ({ sample, value })),
  )
}
