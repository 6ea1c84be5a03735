/** Stored evaluations for the window: numbers as stored, and what stands behind them, by src-shared/evaluation. */
import { rmSync } from 'node:fs'
import { TagwrightError } from '@shared/base/errors'
import type { EvaluationDetail, EvaluationSummary, ResultSelection, resultsContract } from '@shared/contract/results'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { confusionMatrix } from '@shared/evaluation/confusion-matrix'
import { statNames } from '@shared/evaluation/format-evaluation'
import { labelCounts } from '@shared/evaluation/label-counts'
import { labelStatistics } from '@shared/evaluation/label-statistics'
import { selectObjects, type ObjectIndex, type SelectedObject } from '@shared/evaluation/select-objects'
import { needStore, type JobDeps } from '../jobs/job-deps'
import { modelCard } from '../jobs/model-card'
import type { Queue } from '../jobs/queue'
import { snippets } from '../jobs/snippets'
import { deleteEvaluation, getEvaluation, listEvaluations, type EvaluationRow } from '../store/evaluation'
import { findRun } from '../store/run'
import { compareEvaluations, compareImages } from './compare-evaluations'
import { openEvaluation, withoutDetails, type OpenEvaluation } from '../store/open-evaluation'
import { listExports } from './exports'
import { listPictures, picturesOf } from './result-pictures'
import { listPlots, writeResultFile } from './result-files'

export function createResultsService(deps: JobDeps, queue: () => Queue): ServiceHandlers<typeof resultsContract> {
  const open = (id: number) => openEvaluation(needStore(deps), id)
  const selected = (id: number, of: ResultSelection) => {
    const evaluation = open(id)
    const index = evaluation.objects()
    return { index, objects: selectObjects(index, of, confOf(evaluation, of)) }
  }
  return {
    list({ run, limit }) {
      const { db } = needStore(deps)
      const rows = listEvaluations(db, run === undefined ? undefined : findRun(db, run).id)
      return { evaluations: rows.reverse().slice(0, limit).map(summary) }
    },
    get: ({ evaluation }) => detail(open(evaluation)),
    curves({ evaluation }) {
      const analysis = open(evaluation).analysis()
      if (!analysis) throw withoutDetails(evaluation)
      return analysis.curves
    },
    confusion({ evaluation, conf, iou }) {
      const one = open(evaluation)
      const { gt, dt } = one.objects().set
      return confusionMatrix({ gt, dt, conf: conf ?? one.conf(), iou })
    },
    counts({ evaluation, conf, iou }) {
      const index = open(evaluation).objects()
      return { conf, iou, labels: labelCounts(index, { conf, iou }) }
    },
    images({ evaluation, of, offset, limit }) {
      const { index, objects } = selected(evaluation, of)
      const counts = new Map<number, number>()
      for (const { image } of objects) counts.set(image, (counts.get(image) ?? 0) + 1)
      // Where many are wrong comes first; of equals the one with the best score, which stands first in `objects`.
      const order = [...counts].sort(([, a], [, b]) => b - a)
      const images = order.slice(offset, offset + limit).map(([image, n]) => toImage(index, image, n))
      return { total: order.length, images }
    },
    objects({ evaluation, of, offset, limit }) {
      const { index, objects } = selected(evaluation, of)
      return {
        total: objects.length,
        objects: objects.slice(offset, offset + limit).map((object) => toObject(index, object)),
      }
    },
    overlay: ({ evaluation, sample, conf }) => overlay(open(evaluation), sample, conf),
    compare({ a, b }) {
      const store = needStore(deps)
      return compareEvaluations(store, open(a), open(b), summary)
    },
    compareImages({ a, b, which, offset, limit }) {
      const [one, two] = [open(a), open(b)]
      const images = compareImages(one, two).filter((image) => image.which === which)
      return {
        total: images.length,
        images: images.slice(offset, offset + limit).map(({ which: _, ...image }) => image),
      }
    },
    remove({ evaluation }) {
      const { db } = needStore(deps)
      const { run } = getEvaluation(db, evaluation)
      deleteEvaluation(db, evaluation)
      rmSync(picturesOf(needStore(deps), evaluation), { recursive: true, force: true })
      deps.hub.emit('results.changed', { evaluation, run })
    },
    download: ({ evaluation, file }) => writeResultFile(needStore(deps), open(evaluation), file, detail),
    pictures: ({ evaluation }) => ({ pictures: listPictures(needStore(deps), open(evaluation).row.id) }),
    plots({ run }) {
      const store = needStore(deps)
      return { plots: listPlots(store, findRun(store.db, run).id) }
    },
    drawPlots({ run }) {
      const { id } = findRun(needStore(deps).db, run)
      return { job: queue().add('draw-plots', { run: id }, { run: id }).id }
    },
    report(input) {
      const { id } = findRun(needStore(deps).db, input.run)
      return { job: queue().add('report', { ...input, run: id }, { run: id }).id }
    },
    modelCard: ({ run, licence }) => modelCard(needStore(deps), run, licence),
    exports: ({ run }) => listExports(needStore(deps), findRun(needStore(deps).db, run).id),
    snippets: ({ file }) => snippets(file),
  }
}

const confOf = (evaluation: OpenEvaluation, of: ResultSelection): number =>
  of.kind === 'tide' || of.conf !== undefined ? 0 : evaluation.conf()

export function summary(row: EvaluationRow): EvaluationSummary {
  const { id, run, source, split, iouType, final, images, seconds, thresholds, slice, createdAt, detailed, stats } = row
  const names = statNames(iouType)
  return {
    id,
    run,
    source,
    split: split as EvaluationSummary['split'],
    iouType,
    final,
    images,
    seconds,
    coco: Object.fromEntries(names.map((name, i) => [name, stats[i]])),
    thresholds,
    slice,
    createdAt,
    detailed,
  }
}

export function detail(evaluation: OpenEvaluation): EvaluationDetail {
  const { row } = evaluation
  const result = evaluation.result()
  const analysis = evaluation.analysis()
  const index = analysis ? evaluation.objects() : null
  return {
    ...summary(row),
    stats: row.stats,
    perClass: result.perClass,
    warnings: result.warnings,
    labels: index
      ? index.set.labels
      : result.perClass.map(({ label, categoryId }) => ({ name: label, cocoId: categoryId, color: '#0072b2' })),
    best: analysis?.curves.mean.best ?? null,
    confusion: analysis?.confusion ?? null,
    tide: analysis?.tide ?? null,
    counts: analysis ? { conf: analysis.errors.conf, iou: analysis.errors.iou, labels: analysis.errors.labels } : null,
    statistics: index ? labelStatistics(index.set) : null,
    classification: result.classification ?? null,
    restoration: result.restoration ?? null,
    report: result.report ?? null,
  }
}

function toImage({ set }: ObjectIndex, image: number, objects: number) {
  return { ...set.images[image], objects }
}

const corners = (box: Float64Array, row: number): [number, number, number, number] => [
  box[4 * row],
  box[4 * row + 1],
  box[4 * row] + box[4 * row + 2],
  box[4 * row + 1] + box[4 * row + 3],
]

function toObject(index: ObjectIndex, { image, detection, truth }: SelectedObject) {
  const { gt, dt, images } = index.set
  return {
    sample: images[image].sample,
    detection:
      detection < 0
        ? null
        : { label: dt.category[detection], score: dt.score[detection], box: corners(dt.box, detection) },
    truth: truth < 0 ? null : { annotation: gt.id[truth], label: gt.category[truth], box: corners(gt.box, truth) },
    iou: detection < 0 || truth < 0 ? null : index.overlap(detection, truth),
  }
}

function overlay(evaluation: OpenEvaluation, sample: number, given: number | undefined) {
  const index = evaluation.objects()
  const { gt, dt, images } = index.set
  const image = images.findIndex((one) => one.sample === sample)
  if (image < 0) {
    throw new TagwrightError('not-found', `Sample ${sample} was not part of evaluation ${evaluation.row.id}.`, {
      sample,
    })
  }
  const conf = given ?? evaluation.conf()
  const { truth, detection } = index.pairs(0.5)
  const { kind, missed } = index.tide()
  const detections = []
  for (let d = 0; d < dt.length; d++) {
    if (dt.image[d] !== image || dt.score[d] < conf) continue
    const [g, verdict] = [truth[d], kind[d]]
    const outcome = g >= 0 ? (gt.ignore[g] ? 'ignored' : 'right') : g === -1 ? 'wrong' : 'ignored'
    detections.push({
      label: dt.category[d],
      score: dt.score[d],
      box: corners(dt.box, d),
      outcome: outcome as 'right' | 'wrong' | 'ignored',
      tide: verdict === null || verdict === 'hit' || verdict === 'ignored' ? null : verdict,
    })
  }
  detections.sort((a, b) => b.score - a.score)
  const truths = []
  for (let g = 0; g < gt.length; g++) {
    if (gt.image[g] !== image) continue
    const found = detection[g] >= 0 && dt.score[detection[g]] >= conf
    truths.push({
      annotation: gt.id[g],
      label: gt.category[g],
      box: corners(gt.box, g),
      ignore: gt.ignore[g] === 1,
      found,
      missed: missed[g] === 1,
    })
  }
  const errors =
    detections.filter(({ outcome }) => outcome === 'wrong').length +
    truths.filter(({ found, ignore }) => !found && !ignore).length
  return { image: toImage(index, image, errors), detections, truths }
}
