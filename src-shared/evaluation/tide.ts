/**
 * What costs average precision: TIDE's six kinds of error (Bolya et al. 2020, arXiv:2008.08115). Each kind is repaired
 * alone, as if by an oracle, and AP50 is computed again; the gain is the price of that kind.
 */
import type { Detections, GroundTruth } from './coco-columns'
import { cocoParams, cocoSigmas, type IouType } from './coco-params'
import { pairIou } from './pair-iou'
import { allRows, sortByKey, sortByScore } from './sort-rows'

/**
 * Cls: right place, wrong class. Loc: right class, poor place. Both: neither. Dupe: found already. Bkg: nothing there.
 * Miss: ground truth that no detection of these kinds touches.
 */
export type TideError = 'Cls' | 'Loc' | 'Both' | 'Dupe' | 'Bkg' | 'Miss'
export const tideErrors: readonly TideError[] = ['Cls', 'Loc', 'Both', 'Dupe', 'Bkg', 'Miss']

export interface TideReport {
  /** IoU of a right detection; IoU from which on a detection is at something. */
  foreground: number
  background: number
  /** AP at `foreground`, 0..1, mean over classes with ground truth; -1 when there is none. */
  ap: number
  /** Number of errors, and the AP gained if there were none of them; gains do not add up to 1 - AP. */
  errors: Record<TideError, { count: number; dAP: number }>
  /** AP gained by removing every false positive, and by forgetting every ground truth that was not found. */
  falsePositive: { count: number; dAP: number }
  falseNegative: { count: number; dAP: number }
}

const codes = { hit: 0, ignored: 1, Cls: 2, Loc: 3, Both: 4, Dupe: 5, Bkg: 6 } as const

interface Verdicts {
  /** Per detection: one of `codes`, or -1 beyond the limit of detections. */
  verdict: Int8Array
  /** Per detection: the ground truth it is held against, -1 for none. */
  target: Int32Array
  /** Class in which the detection counts once repaired (Cls: that of the ground truth). */
  repaired: Int32Array
  /** 1 when the repair makes it a true positive, 0 when the repair removes it. */
  becomesHit: Uint8Array
  found: Uint8Array
  missed: Uint8Array
}

export interface TideInput {
  gt: GroundTruth
  dt: Detections
  iouType?: IouType
  sigmas?: ArrayLike<number>
  foreground?: number
  background?: number
  maxDetections?: number
}

/** Detections beyond `maxDetections` of their image and class take no part, as in COCO's AP. */
export function tideReport(input: TideInput): TideReport {
  const { gt, dt, foreground = 0.5, background = 0.1 } = input
  const verdicts = judgeAll(input)
  const K = gt.categoryIds.length
  const totals = new Int32Array(K)
  const missed = new Int32Array(K)
  const found = new Int32Array(K)
  for (let g = 0; g < gt.length; g++) {
    if (gt.ignore[g]) continue
    totals[gt.category[g]]++
    if (verdicts.missed[g]) missed[gt.category[g]]++
    if (verdicts.found[g]) found[gt.category[g]]++
  }
  // Equal scores in image order, then input order, as in COCO.
  const order = sortByScore(sortByKey(allRows(dt.length), dt.image, gt.imageIds.length), dt.score)
  const ap = (repair: number | 'all' | null, totalsNow: Int32Array) =>
    meanPrecision(dt, order, verdicts, repair, totalsNow, totals)
  const base = ap(null, totals)
  const gain = (value: number) => (base < 0 ? 0 : value - base)
  const count = (code: number) => verdicts.verdict.reduce((sum, value) => sum + (value === code ? 1 : 0), 0)
  const repaired = (name: Exclude<TideError, 'Miss'>) => ({
    count: count(codes[name]),
    dAP: gain(ap(codes[name], totals)),
  })
  const sum = (values: Int32Array) => values.reduce((a, b) => a + b, 0)
  const errors = {
    Cls: repaired('Cls'),
    Loc: repaired('Loc'),
    Both: repaired('Both'),
    Dupe: repaired('Dupe'),
    Bkg: repaired('Bkg'),
    Miss: {
      count: sum(missed),
      dAP: gain(
        ap(
          null,
          totals.map((total, k) => total - missed[k]),
        ),
      ),
    },
  }
  return {
    foreground,
    background,
    ap: base,
    errors,
    falsePositive: {
      count: errors.Cls.count + errors.Loc.count + errors.Both.count + errors.Dupe.count + errors.Bkg.count,
      dAP: gain(ap('all', totals)),
    },
    falseNegative: { count: sum(totals) - sum(found), dAP: gain(ap(null, found)) },
  }
}

/** What each detection is, and what it is held against. */
export interface TideVerdicts {
  /** Per detection row; null: beyond the limit of detections. */
  kind: (Exclude<TideError, 'Miss'> | 'hit' | 'ignored' | null)[]
  /** Per detection row: the ground truth it hits, doubles, or nearly is; -1 where nothing is. */
  target: Int32Array
  /** Per ground-truth row: 1 where TIDE counts a miss. */
  missed: Uint8Array
  /** Per ground-truth row: 1 where a detection hits it. */
  found: Uint8Array
}

/** The verdicts that {@link tideReport} counts. */
export function tideVerdicts(input: TideInput): TideVerdicts {
  const { verdict, target, missed, found } = judgeAll(input)
  const names = Object.keys(codes) as (keyof typeof codes)[]
  return { kind: Array.from(verdict, (code) => (code < 0 ? null : names[code])), target, missed, found }
}

const judgeAll = ({ gt, dt, iouType = 'bbox', sigmas = cocoSigmas, ...settings }: TideInput): Verdicts =>
  judge(gt, dt, {
    overlap: pairIou(gt, dt, cocoParams(iouType, { sigmas: Float64Array.from(sigmas) })),
    foreground: settings.foreground ?? 0.5,
    background: settings.background ?? 0.1,
    maxDetections: settings.maxDetections ?? 100,
  })

/** Finds out, image by image, what every detection is and which ground truth was missed. */
function judge(
  gt: GroundTruth,
  dt: Detections,
  settings: {
    overlap: (d: number, g: number) => number
    foreground: number
    background: number
    maxDetections: number
  },
): Verdicts {
  const { overlap, foreground, background, maxDetections } = settings
  const verdicts: Verdicts = {
    verdict: new Int8Array(dt.length).fill(-1),
    target: new Int32Array(dt.length).fill(-1),
    repaired: dt.category.slice(),
    becomesHit: new Uint8Array(dt.length),
    found: new Uint8Array(gt.length),
    missed: new Uint8Array(gt.length),
  }
  const { verdict, target: heldAgainst, repaired, becomesHit, found, missed } = verdicts
  const images = gt.imageIds.length
  const truths = sortByKey(allRows(gt.length), gt.image, images)
  const sorted = sortByKey(sortByScore(allRows(dt.length), dt.score), dt.image, images)
  const perClass = new Int32Array(gt.categoryIds.length)
  /** Best-scoring detection that a repair would give to each ground truth. */
  const claimed = new Int32Array(gt.length).fill(-1)
  for (let image = 0, g = 0, d = 0; image < images; image++) {
    const [gStart, dStart] = [g, d]
    while (g < truths.length && gt.image[truths[g]] === image) g++
    while (d < sorted.length && dt.image[sorted[d]] === image) d++
    perClass.fill(0)
    const rows = sorted.subarray(dStart, d).filter((row) => perClass[dt.category[row]]++ < maxDetections)
    const objects = truths.subarray(gStart, g)
    const values = new Float64Array(rows.length * objects.length)
    rows.forEach((row, i) => {
      let highest = 0
      for (let j = 0; j < objects.length; j++) {
        const value = overlap(row, objects[j])
        values[i * objects.length + j] = value
        if (value > highest) highest = value
      }
      // Most detections of a low score touch nothing at all.
      if (highest === 0) verdict[row] = codes.Bkg
    })
    /** Best ground truth of detection i among those that `keep` allows; the first of equals. */
    const bestOf = (i: number, keep: (truth: number) => boolean) => {
      let best = { truth: -1, value: 0 }
      objects.forEach((truth, j) => {
        const value = values[i * objects.length + j]
        if (value > best.value && keep(truth)) best = { truth, value }
      })
      return best
    }
    rows.forEach((row, i) => {
      if (verdict[row] !== -1) return
      const same = (truth: number) => gt.category[truth] === dt.category[row]
      const free = bestOf(i, (truth) => !gt.ignore[truth] && same(truth) && !found[truth])
      if (free.truth >= 0 && free.value >= foreground) {
        found[free.truth] = 1
        heldAgainst[row] = free.truth
        verdict[row] = codes.hit
        becomesHit[row] = 1
      } else if (bestOf(i, (truth) => gt.ignore[truth] === 1 && same(truth)).value >= foreground) {
        verdict[row] = codes.ignored
      }
    })
    rows.forEach((row, i) => {
      if (verdict[row] !== -1) return
      const same = (truth: number) => gt.category[truth] === dt.category[row]
      const own = bestOf(i, (truth) => !gt.ignore[truth] && same(truth))
      const other = bestOf(i, (truth) => !gt.ignore[truth] && !same(truth))
      let target = -1
      if (own.value >= background && own.value <= foreground) {
        verdict[row] = codes.Loc
        target = own.truth
      } else if (other.value >= foreground) {
        verdict[row] = codes.Cls
        target = other.truth
        repaired[row] = gt.category[target]
      } else if (own.value >= foreground) verdict[row] = codes.Dupe
      else verdict[row] = Math.max(own.value, other.value) <= background ? codes.Bkg : codes.Both
      const nearest = own.value >= other.value ? own.truth : other.truth
      heldAgainst[row] = target >= 0 ? target : verdict[row] === codes.Bkg ? -1 : nearest
      // Detections come by falling score: the first to claim a free ground truth is the one a repair makes right.
      if (target < 0 || found[target] || claimed[target] >= 0) return
      claimed[target] = row
      becomesHit[row] = 1
    })
    objects.forEach((truth) => (missed[truth] = !gt.ignore[truth] && !found[truth] && claimed[truth] < 0 ? 1 : 0))
  }
  return verdicts
}

/**
 * Mean AP (101 recalls) over the classes that have ground truth in `classes`, with one kind of error repaired:
 * detections of that verdict become hits of their repaired class or go; 'all' removes every false positive.
 */
function meanPrecision(
  dt: Detections,
  order: Int32Array,
  { verdict, repaired, becomesHit }: Verdicts,
  repair: number | 'all' | null,
  totals: Int32Array,
  classes: Int32Array,
): number {
  const hits = Array.from(totals, (): number[] => [])
  const misses = new Int32Array(totals.length)
  for (const row of order) {
    const code = verdict[row]
    if (code === -1 || code === codes.ignored) continue
    if (code === codes.hit || (code === repair && becomesHit[row])) {
      const k = code === codes.hit ? dt.category[row] : repaired[row]
      const ofClass = hits[k]
      ofClass.push((ofClass.length + 1) / (ofClass.length + 1 + misses[k]))
    } else if (code !== repair && repair !== 'all') misses[dt.category[row]]++
  }
  let sum = 0
  let counted = 0
  for (let k = 0; k < classes.length; k++) {
    if (classes[k] === 0) continue
    counted++
    sum += averagePrecision(hits[k], totals[k])
  }
  return counted === 0 ? -1 : sum / counted
}

/** @param precision after the 1st, 2nd... hit. */
function averagePrecision(precision: number[], total: number): number {
  for (let n = precision.length - 1; n > 0; n--) precision[n - 1] = Math.max(precision[n - 1], precision[n])
  let sum = 0
  for (let r = 0; r <= 100; r++) {
    const recall = r === 100 ? 1 : r * 0.01
    let needed = Math.max(1, Math.floor(recall * total))
    while (needed / total < recall) needed++
    sum += precision[needed - 1] ?? 0
  }
  return sum / 101
}
