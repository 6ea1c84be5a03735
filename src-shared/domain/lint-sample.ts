/** What looks wrong on one image. Pure: rows in, findings out; thresholds are stated here. */
import { fillWords } from '../base/fill-words'
import type { Shape } from './annotation'
import { boxIou, type Box, type Keypoint } from './geometry'
import type { LintCode } from './lint'
import { lintWords, lintWordsKey } from './lint-words'
import type { Skeleton } from './skeleton'
import { findSwappedSides } from './swapped-sides'

export type LintFix = 'remove' | 'clip' | 'pad' | 'swap' | 'delete-label'

export interface LintFinding {
  code: LintCode
  annotation: number | null
  label: number | null
  message: string
  values: Record<string, string | number>
  fix: LintFix | null
}

export interface LintSample {
  state: string
  /** Upright pixels; null: not known, then nothing is said about borders. */
  width: number | null
  height: number | null
}
export interface LintObject {
  id: number
  label: number
  kind: Shape['kind']
  /** Bounding box; null: there is none. */
  box: Box | null
  crowd: boolean
  /** Of poses. */
  keypoints?: readonly Keypoint[]
}
export interface LintLabel {
  name: string
  skeleton: Skeleton | null
}

/** Sides below this many pixels are hard to see and to learn. */
export const tinySide = 4
/** Boxes of the same object: intersection over union above this. */
export const duplicateIou = 0.95
/** Pixels beyond the border that rounding may cause. */
const borderTolerance = 0.5

export function lintSample(
  sample: LintSample,
  objects: readonly LintObject[],
  labels: ReadonlyMap<number, LintLabel>,
): LintFinding[] {
  const found: LintFinding[] = []
  if (sample.state === 'missing') found.push(makeFinding('image-missing'))
  if (sample.state === 'unreadable') found.push(makeFinding('image-unreadable'))
  for (const object of objects) {
    const label = labels.get(object.label) ?? { name: String(object.label), skeleton: null }
    if (object.kind === 'keypoints') lintPose(object, label, sample, found)
    else if (object.kind !== 'tag') lintBox(object, label, sample, found)
  }
  lintPairs(objects, labels, found)
  return found
}

/** With its sentence in English. */
export const makeFinding = (
  code: LintCode,
  { values = {}, ...about }: Partial<Omit<LintFinding, 'code' | 'message'>> = {},
): LintFinding => ({
  code,
  annotation: null,
  label: null,
  fix: null,
  ...about,
  message: fillWords(lintWords[lintWordsKey(code, values)], values),
  values,
})

type Report = (code: LintCode, values: LintFinding['values'], fix: LintFix | null) => void
const reporter =
  (object: LintObject, found: LintFinding[]): Report =>
  (code, values, fix) =>
    found.push(makeFinding(code, { annotation: object.id, label: object.label, values, fix }))
const round = (value: number): number => Math.round(value * 10) / 10

function lintBox(object: LintObject, { name }: LintLabel, { width, height }: LintSample, found: LintFinding[]): void {
  const report = reporter(object, found)
  const [x1, y1, x2, y2] = object.box ?? [0, 0, 0, 0]
  const w = x2 - x1
  const h = y2 - y1
  if (!(w > 0 && h > 0)) return report('zero-area', { label: name }, 'remove')
  if (width !== null && height !== null) {
    if (x1 >= width || y1 >= height || x2 <= 0 || y2 <= 0) {
      return report('outside-image', { label: name, width, height }, 'remove')
    }
    const beyond = Math.max(-x1, -y1, x2 - width, y2 - height)
    // A rotated box around an object at the border reaches over it by nature.
    if (beyond > borderTolerance && object.kind !== 'rotated-box') {
      const isCut = object.kind === 'box' || object.kind === 'polygon'
      report('crosses-border', { label: name, beyond: round(beyond) }, isCut ? 'clip' : null)
    }
  }
  if (Math.min(w, h) < tinySide) {
    report('tiny', { label: name, width: round(w), height: round(h) }, 'remove')
  }
}

function lintPose(object: LintObject, { name, skeleton }: LintLabel, sample: LintSample, found: LintFinding[]): void {
  const report = reporter(object, found)
  const points = object.keypoints ?? []
  const labelled = points.filter(([, , v]) => v > 0)
  if (skeleton && points.length !== skeleton.names.length) {
    const values = { label: name, points: points.length, expected: skeleton.names.length }
    report('keypoint-count', values, 'pad')
  }
  if (labelled.length === 0) {
    return report('no-keypoints', { label: name }, 'remove')
  }
  const { width, height } = sample
  if (width !== null && height !== null) {
    const outside = labelled.filter((point) => isOutside(point, width, height)).length
    if (outside === labelled.length) {
      return report('outside-image', { label: name, width, height, points: outside }, 'remove')
    }
    if (outside > 0) {
      report('crosses-border', { label: name, points: outside }, 'clip')
    }
  }
  const swapped = skeleton ? findSwappedSides(points, skeleton) : null
  if (swapped) {
    const fix = swapped.swap.length > 0 ? 'swap' : null
    report('swapped-sides', { label: name, limbs: swapped.limbs.join(', ') }, fix)
  }
}

/** Beyond the border by more than rounding. */
export const isOutside = ([x, y]: Keypoint, width: number, height: number): boolean =>
  x < -borderTolerance || y < -borderTolerance || x > width + borderTolerance || y > height + borderTolerance

/** Of each pair the younger one is reported. Boxes are swept from left to right: an equal one begins close by. */
function lintPairs(objects: readonly LintObject[], labels: ReadonlyMap<number, LintLabel>, found: LintFinding[]): void {
  const boxes = objects
    .filter(({ box, kind, crowd }) => box !== null && box[2] > box[0] && box[3] > box[1] && kind !== 'tag' && !crowd)
    .sort((a, b) => a.box![0] - b.box![0])
  const name = (object: LintObject) => labels.get(object.label)?.name ?? String(object.label)
  const reported = new Set<string>()
  for (let i = 0; i < boxes.length; i++) {
    const a = boxes[i]
    const reach = a.box![0] + (1 - duplicateIou) * (a.box![2] - a.box![0])
    for (let j = i + 1; j < boxes.length && boxes[j].box![0] <= reach; j++) {
      const b = boxes[j]
      if (a.kind !== b.kind || boxIou(a.box!, b.box!) <= duplicateIou) continue
      const [older, younger] = a.id < b.id ? [a, b] : [b, a]
      const code = a.label === b.label ? 'duplicate' : 'label-conflict'
      if (reported.has(`${code} ${younger.id}`)) continue
      reported.add(`${code} ${younger.id}`)
      const report = reporter(younger, found)
      if (code === 'duplicate') {
        report(code, { label: name(younger), other: older.id }, 'remove')
      } else {
        const values = { label: name(younger), otherLabel: name(older), other: older.id }
        report(code, values, null)
      }
    }
  }
}
