/** The detections and objects behind a number of an evaluation: a cell, a point of a curve, a kind of error. */
import type { ResultSelection } from '../contract/results'
import { cocoParams } from './coco-params'
import { confusionCodes, confusionPairs } from './confusion-matrix'
import { matchPairs, pairCodes, type MatchedPairs } from './match-pairs'
import type { ObjectSet } from './object-set'
import { pairIou } from './pair-iou'
import { tideVerdicts, type TideVerdicts } from './tide'

/** Rows of the object set; at least one is there. */
export interface SelectedObject {
  image: number
  /** -1: a missed object. */
  detection: number
  /** -1: a detection of nothing. */
  truth: number
}

/** What selections of one evaluation share; matching is done once for each IoU. */
export interface ObjectIndex {
  readonly set: ObjectSet
  /** IoU of a detection row and a ground-truth row, as in the evaluation. */
  overlap(detection: number, truth: number): number
  pairs(iou: number): MatchedPairs
  tide(): TideVerdicts
}

export function objectIndex(set: ObjectSet): ObjectIndex {
  const { gt, dt } = set
  const byIou = new Map<number, MatchedPairs>()
  let verdicts: TideVerdicts | null = null
  return {
    set,
    overlap: pairIou(gt, dt, cocoParams('bbox')),
    pairs(iou) {
      const known = byIou.get(iou)
      if (known) return known
      const pairs = matchPairs(gt, dt, { iou })
      byIou.set(iou, pairs)
      return pairs
    },
    tide: () => (verdicts ??= tideVerdicts({ gt, dt })),
  }
}

const areas = { small: [0, 1024], medium: [1024, 9216], large: [9216, 1e10] } as const

/**
 * Best score first, then objects without a detection, largest first.
 * @param conf used where the selection names none: where the mean F1 is best.
 */
export function selectObjects(index: ObjectIndex, selection: ResultSelection, conf: number): SelectedObject[] {
  const { gt, dt } = index.set
  const found: SelectedObject[] = []
  const add = (detection: number, truth: number) =>
    found.push({ image: detection >= 0 ? dt.image[detection] : gt.image[truth], detection, truth })
  if (selection.kind === 'cell') selectCell(index, selection, selection.conf ?? conf, add)
  else if (selection.kind === 'tide') selectTide(index, selection, add)
  else if (selection.kind === 'outcome') selectOutcome(index, selection, selection.conf ?? conf, add)
  else {
    for (const outcome of ['wrong', 'missed'] as const)
      selectOutcome(index, { kind: 'outcome', outcome, iou: 0.5 }, selection.conf ?? conf, add)
  }
  const area = (g: number) => (g < 0 ? 0 : gt.area[g])
  return found.sort((a, b) => {
    const scores = (b.detection < 0 ? -1 : dt.score[b.detection]) - (a.detection < 0 ? -1 : dt.score[a.detection])
    return scores || (a.detection < 0 ? area(b.truth) - area(a.truth) : 0)
  })
}

type Add = (detection: number, truth: number) => void
type Of<K extends ResultSelection['kind']> = Extract<ResultSelection, { kind: K }>

function selectCell({ set }: ObjectIndex, cell: Of<'cell'>, conf: number, add: Add): void {
  const { gt, dt } = set
  const { truth, detection } = confusionPairs({ gt, dt, conf, ...(cell.iou === undefined ? {} : { iou: cell.iou }) })
  if (cell.predicted === null) {
    for (let g = 0; g < gt.length; g++) {
      if (detection[g] === confusionCodes.background && gt.category[g] === cell.truth) add(-1, g)
    }
    return
  }
  for (let d = 0; d < dt.length; d++) {
    if (dt.category[d] !== cell.predicted) continue
    const g = truth[d]
    if (cell.truth === null ? g === confusionCodes.background : g >= 0 && gt.category[g] === cell.truth)
      add(d, Math.max(g, -1))
  }
}

function selectTide(index: ObjectIndex, { type, label, conf }: Of<'tide'>, add: Add): void {
  const { gt, dt } = index.set
  const { kind, target, missed } = index.tide()
  if (type === 'Miss') {
    for (let g = 0; g < gt.length; g++) if (missed[g] && (label === undefined || gt.category[g] === label)) add(-1, g)
    return
  }
  for (let d = 0; d < dt.length; d++) {
    if (kind[d] === type && dt.score[d] >= conf && (label === undefined || dt.category[d] === label)) add(d, target[d])
  }
}

function selectOutcome(index: ObjectIndex, { outcome, label, size, iou }: Of<'outcome'>, conf: number, add: Add): void {
  const { gt, dt } = index.set
  const { truth, detection } = index.pairs(iou)
  const fits = (columns: { category: Int32Array; area: Float64Array }, row: number) => {
    if (label !== undefined && columns.category[row] !== label) return false
    return !size || (columns.area[row] >= areas[size][0] && columns.area[row] <= areas[size][1])
  }
  const isFound = (g: number) => detection[g] >= 0 && dt.score[detection[g]] >= conf
  if (outcome === 'truth' || outcome === 'missed') {
    for (let g = 0; g < gt.length; g++) {
      if (gt.ignore[g] || !fits(gt, g)) continue
      if (outcome === 'truth') add(isFound(g) ? detection[g] : -1, g)
      else if (!isFound(g)) add(-1, g)
    }
    return
  }
  for (let d = 0; d < dt.length; d++) {
    const g = truth[d]
    if (dt.score[d] < conf || g === pairCodes.unseen || (g >= 0 && gt.ignore[g])) continue
    if (outcome === 'right' ? g >= 0 && fits(gt, g) : g < 0 && fits(dt, d)) add(d, g)
  }
}
