import { TagwrightError } from '@shared/base/errors'
import { reviewKindSchema, type ReviewItem as ContractItem, type reviewContract } from '@shared/contract/review'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { needStore, type JobDeps } from '../jobs/job-deps'
import type { ReviewItem } from '../store/review-item'
import { reviewItems, uncertainImages } from '../store/review-items'
import { sql } from '../store/db'
import type { Store } from '../store/store'
import { acceptPrediction, setPredictionState } from './decide-predictions'
import { toPrediction } from './predictions'

export function createReviewService(deps: JobDeps): ServiceHandlers<typeof reviewContract> {
  const found = itemCache()
  const changed = (source: string, samples: Iterable<number>) => {
    const list = [...new Set(samples)]
    deps.hub.emit('predictions.changed', { source, samples: list.length > 1000 ? null : list })
  }
  return {
    queue({ source, split, label, conf, kinds, offset, limit }) {
      const all = found(needStore(deps), source, conf).filter(
        (item) =>
          (split === undefined || (split === 'none' ? item.split === null : item.split === split)) &&
          (label === undefined || item.prediction?.label_id === label || item.annotation?.label_id === label),
      )
      const counts = Object.fromEntries(reviewKindSchema.options.map((kind) => [kind, 0])) as Record<
        ReviewItem['kind'],
        number
      >
      for (const { kind } of all) counts[kind]++
      const items = kinds ? all.filter(({ kind }) => kinds.includes(kind)) : all
      return { total: items.length, items: items.slice(offset, offset + limit).map(toContract), kinds: counts }
    },
    accept({ source, items: ids }) {
      const store = needStore(deps)
      const items = pick(store, source, ids)
      store.change(reason('Accept', items), (write) => {
        for (const { kind, prediction, annotation } of items) {
          if (!prediction) write.remove('annotation', annotation!.id)
          else {
            const replaces = annotation && (kind === 'wrong-class' || kind === 'bad-location')
            acceptPrediction(store, write, prediction, {
              ...(replaces ? { replace: annotation.id } : {}),
              // A wrong class keeps the label's own place: it was found there already.
              ...(replaces && kind === 'wrong-class' ? { box: boxOf(annotation) } : {}),
            })
          }
        }
      })
      changed(
        source,
        items.map(({ sample }) => sample),
      )
      return { revision: store.project.revision }
    },
    reject({ source, items: ids }) {
      const store = needStore(deps)
      const items = pick(store, source, ids)
      store.change(reason('Keep labels', items), (write) => {
        const predictions = items.flatMap(({ prediction }) => (prediction ? [prediction.id] : []))
        if (predictions.length > 0) setPredictionState(write, 'rejected', predictions)
        for (const { prediction, annotation } of items) {
          if (!prediction) write.insert('review_mark', { source, annotation_id: annotation!.id })
        }
      })
      changed(
        source,
        items.map(({ sample }) => sample),
      )
      return { revision: store.project.revision }
    },
    uncertain({ source, by, join, offset, limit }) {
      const images = uncertainImages(needStore(deps).db, source, { by, join })
      return { total: images.length, images: images.slice(offset, offset + limit) }
    },
  }
}

const boxOf = ({ x1, y1, x2, y2 }: NonNullable<ReviewItem['annotation']>): [number, number, number, number] => [
  x1!,
  y1!,
  x2!,
  y2!,
]

const reason = (verb: string, items: readonly ReviewItem[]): string =>
  items.length === 1 ? `${verb}: ${items[0].kind}` : `${verb}: ${items.length} items`

/** Items as they are now, whatever their confidence. Throws `not-found`. */
function pick(store: Store, source: string, ids: readonly string[]): ReviewItem[] {
  const byId = new Map(reviewItems(store.db, source, 0).map((item) => [item.id, item]))
  return ids.map((id) => {
    const item = byId.get(id) ?? leftOver(store, source, id)
    if (item) return item
    throw new TagwrightError('not-found', `There is no review item ${id} any more. Ask for the queue again.`, { id })
  })
}

/** A missed label that a prediction below the queue's confidence covers is an item of the queue all the same. */
function leftOver(store: Store, source: string, id: string): ReviewItem | undefined {
  if (!id.startsWith('a')) return undefined
  return reviewItems(store.db, source, 1.1).find((item) => item.id === id)
}

/** One source and confidence stay found until the project or the predictions change. */
function itemCache() {
  let last: { key: string; store: Store; items: ReviewItem[] } | null = null
  return (store: Store, source: string, conf: number): ReviewItem[] => {
    const newest = sql<{ boxes: number; at: string | null }>(
      store.db,
      `SELECT (SELECT count(*) FROM prediction_box b WHERE b.source = @source) AS boxes, max(created_at) AS at
       FROM prediction WHERE source = @source`,
    ).get({ source })!
    const key = JSON.stringify([source, conf, store.project.revision, newest.boxes, newest.at])
    if (last?.key !== key || last.store !== store) last = { key, store, items: reviewItems(store.db, source, conf) }
    return last.items
  }
}

const toContract = (item: ReviewItem): ContractItem => ({
  id: item.id,
  kind: item.kind,
  sample: item.sample,
  name: item.name,
  disagreement: item.disagreement,
  prediction: item.prediction && toPrediction(item.prediction),
  annotation: item.annotation && {
    id: item.annotation.id,
    label: item.annotation.label_id,
    box: boxOf(item.annotation),
  },
  iou: item.iou,
})
