import type { Prediction, predictionsContract } from '@shared/contract/predictions'
import { truthOf } from '@shared/catalog/tasks'
import type { ServiceHandlers } from '@shared/contract/rpc'
import type { SampleFilter } from '@shared/contract/samples'
import { needStore, type JobDeps } from '../jobs/job-deps'
import type { Queue } from '../jobs/queue'
import { resolveModel } from '../jobs/resolve-model'
import { listAnnotations } from '../store/annotation'
import { boxOverlap, deletePredictions, listPredictionBoxes, listPredictionSources } from '../store/prediction'
import { reviewClasses } from '../store/review-classes'
import type { PredictionBoxRow } from '../store/rows'
import { getSample, sampleIds } from '../store/sample'
import type { Store } from '../store/store'
import { shapeBox } from '@shared/domain/shape-box'
import { acceptPrediction, needPredictions, setPredictionState } from './decide-predictions'

/** A waiting prediction on an annotation of its class is labelled already. */
const coveredAt = 0.5

export function createPredictionsService(
  deps: JobDeps,
  queue: () => Queue,
): ServiceHandlers<typeof predictionsContract> {
  const changed = (rows: readonly PredictionBoxRow[]) => {
    for (const source of new Set(rows.map((row) => row.source))) {
      const samples = [...new Set(rows.filter((row) => row.source === source).map((row) => row.sample_id))]
      deps.hub.emit('predictions.changed', { source, samples: samples.length > 1000 ? null : samples })
    }
  }
  const setState = (ids: number[], state: 'pending' | 'rejected', reason: string) => {
    const store = needStore(deps)
    const rows = needPredictions(store, ids)
    const count = store.change(reason, (write) => setPredictionState(write, state, ids))
    changed(rows)
    return { changed: count, revision: store.project.revision }
  }
  return {
    sources: () => ({
      sources: listPredictionSources(needStore(deps).db).map((row) => ({ ...row, run: runOf(row.source) })),
    }),
    list({ sample, source, states, minScore }) {
      const { db } = needStore(deps)
      getSample(db, sample)
      const rows = listPredictionBoxes(db, { sample, states, minScore, ...(source === undefined ? {} : { source }) })
      return { predictions: rows.map(toPrediction) }
    },
    predict({ samples, ...input }) {
      const store = needStore(deps)
      resolveModel(deps, input.source)
      const ids = 'ids' in samples ? samples.ids : sampleIds(store.db, wanted(samples))
      return { job: queue().add('predict', { ...input, images: { samples: ids } }).id }
    },
    accept({ predictions, replace }) {
      const store = needStore(deps)
      const rows = needPredictions(store, predictions)
      const reason = rows.length === 1 ? 'Accept prediction' : `Accept ${rows.length} predictions`
      const correction = replace === undefined ? {} : { replace }
      const annotations = store.change(reason, (write) =>
        rows.map((row) => acceptPrediction(store, write, row, correction)),
      )
      changed(rows)
      return { annotations, revision: store.project.revision }
    },
    correct({ prediction, ...correction }) {
      const store = needStore(deps)
      const [row] = needPredictions(store, [prediction])
      const annotation = store.change('Correct prediction', (write) => acceptPrediction(store, write, row, correction))
      changed([row])
      return { annotation, revision: store.project.revision }
    },
    reject: ({ predictions }) => setState(predictions, 'rejected', plural('Reject', predictions.length)),
    restore: ({ predictions }) => setState(predictions, 'pending', plural('Restore', predictions.length)),
    countAbove(input) {
      const { rows } = waiting(needStore(deps), input)
      return { predictions: rows.length, samples: new Set(rows.map((row) => row.sample_id)).size }
    },
    acceptAbove(input) {
      const store = needStore(deps)
      const { rows, skipped } = waiting(store, input)
      if (rows.length > 0) {
        store.change(`Accept ${rows.length} predictions from ${input.minScore}`, (write) => {
          for (const row of rows) acceptPrediction(store, write, row)
        })
        changed(rows)
      }
      const samples = new Set(rows.map((row) => row.sample_id)).size
      return { accepted: rows.length, samples, skipped, revision: store.project.revision }
    },
    clear({ source, states, samples }) {
      const removed = deletePredictions(needStore(deps).db, source, { states, ...(samples ? { samples } : {}) })
      deps.hub.emit('predictions.changed', { source, samples: samples && samples.length <= 1000 ? samples : null })
      return { removed }
    },
  }
}

const plural = (verb: string, count: number) => (count === 1 ? `${verb} prediction` : `${verb} ${count} predictions`)

function wanted(samples: { filter: SampleFilter } | { unlabelled: true } | { all: true }): SampleFilter {
  if ('filter' in samples) return { ...samples.filter, state: 'ok' }
  return 'unlabelled' in samples ? { empty: true, state: 'ok' } : { state: 'ok' }
}

/**
 * Waiting boxes from a score on, without those on an annotation of their class. Of classes the likeliest one of each image
 * that has none: a second class beside the first would be a contradiction.
 */
function waiting(
  store: Store,
  input: { source: string; minScore: number; label?: number | undefined; filter: SampleFilter },
): { rows: PredictionBoxRow[]; skipped: number } {
  const { db } = store
  const { source, minScore, label, filter } = input
  const only = Object.keys(filter).length > 0 ? new Set(sampleIds(db, filter)) : null
  const all = listPredictionBoxes(db, { source, states: ['pending'], minScore }).filter(
    (row) => (label === undefined || row.label_id === label) && (only?.has(row.sample_id) ?? true),
  )
  if (truthOf(store.project.task) === 'class') {
    const rows = reviewClasses(db, source, minScore)
      .filter(({ kind, sample }) => kind === 'false-positive' && (only?.has(sample) ?? true))
      .flatMap(({ prediction }) => prediction ?? [])
      .filter((row) => label === undefined || row.label_id === label)
    return { rows, skipped: new Set(all.map(({ sample_id }) => sample_id)).size - rows.length }
  }
  const labelled = new Map<number, { label: number; box: readonly [number, number, number, number] }[]>()
  const boxesOf = (sample: number) => {
    const known = labelled.get(sample)
    if (known) return known
    const boxes = listAnnotations(db, sample).flatMap(({ labelId, shape }) => {
      const box = shapeBox(shape)
      return box ? [{ label: labelId, box }] : []
    })
    labelled.set(sample, boxes)
    return boxes
  }
  const rows = all.filter(
    (row) =>
      !boxesOf(row.sample_id).some(
        ({ label: id, box }) => id === row.label_id && boxOverlap(box, [row.x1, row.y1, row.x2, row.y2]) >= coveredAt,
      ),
  )
  return { rows, skipped: all.length - rows.length }
}

export const runOf = (source: string): string | null => /^run:(.+)$/.exec(source)?.[1] ?? null

export const toPrediction = (row: PredictionBoxRow): Prediction => ({
  id: row.id,
  source: row.source,
  sample: row.sample_id,
  label: row.label_id,
  score: row.score,
  box: [row.x1, row.y1, row.x2, row.y2],
  state: row.state as Prediction['state'],
  annotation: row.annotation_id,
  keypoints: row.keypoints === null ? null : (JSON.parse(row.keypoints) as Prediction['keypoints']),
})
