/**
 * Joins detections of overlapping slices into one per object, as SAHI's post-processing does (Akyon et al. 2022,
 * arXiv:2202.06934). Classes never mix.
 */
import type { Detection } from '../domain/detection'
import type { Box } from '../domain/geometry'

export interface MergeOptions {
  /**
   * greedy-nmm: the best box absorbs all it matches; nmm: what is absorbed absorbs further into the same box; nms: what
   * the best box matches goes.
   */
  merge: 'greedy-nmm' | 'nmm' | 'nms'
  /** iou: intersection over union; ios: over the smaller box. */
  metric: 'iou' | 'ios'
  /** Two boxes match from this value on. */
  threshold: number
}

/** Below this confidence there are so many boxes that merging would grow them over the whole image: plain NMS by IoU. */
const mergeConfidence = 0.1

export const mergeOptionsFor = (options: MergeOptions, conf: number): MergeOptions =>
  conf < mergeConfidence ? { ...options, merge: 'nms', metric: 'iou' } : options

/** Best first; at most `maxDet`. Merged boxes are the union of their parts, with the best score. */
export function mergeDetections(found: readonly Detection[], options: MergeOptions, maxDet = Infinity): Detection[] {
  const byClass = new Map<number, Detection[]>()
  for (const one of found) {
    const list = byClass.get(one.label)
    if (list) list.push(one)
    else byClass.set(one.label, [one])
  }
  const merged = [...byClass.values()].flatMap((list) => mergeClass([...list].sort(byScore), options))
  return merged.sort(byScore).slice(0, maxDet)
}

/** Falling score; equal scores by coordinates, so that the order of the slices does not matter. */
function byScore(a: Detection, b: Detection): number {
  if (a.score !== b.score) return b.score - a.score
  for (let i = 0; i < 4; i++) if (a.box[i] !== b.box[i]) return a.box[i] - b.box[i]
  return a.label - b.label
}

function mergeClass(sorted: readonly Detection[], { merge, metric, threshold }: MergeOptions): Detection[] {
  const matches = (a: Box, b: Box) => overlap(a, b, metric) >= threshold
  /** Position of the keeper that each box went to; itself for keepers; -1 undecided. */
  const keeper = new Int32Array(sorted.length).fill(-1)
  const members = new Map<number, number[]>()
  for (let i = 0; i < sorted.length; i++) {
    if (keeper[i] === -1) {
      keeper[i] = i
      members.set(i, [])
    } else if (merge !== 'nmm') continue
    for (let j = i + 1; j < sorted.length; j++) {
      if (keeper[j] !== -1 || !matches(sorted[i].box, sorted[j].box)) continue
      keeper[j] = keeper[i]
      members.get(keeper[i])!.push(j)
    }
  }
  return [...members].map(([best, absorbed]) => {
    let { box } = sorted[best]
    if (merge !== 'nms') {
      // Asked again of the box as it has grown. What no longer matches goes all the same: the keeper has covered it.
      for (const j of absorbed) if (matches(box, sorted[j].box)) box = union(box, sorted[j].box)
    }
    return { ...sorted[best], box }
  })
}

const union = (a: Box, b: Box): Box => [
  Math.min(a[0], b[0]),
  Math.min(a[1], b[1]),
  Math.max(a[2], b[2]),
  Math.max(a[3], b[3]),
]

function overlap(a: Box, b: Box, metric: 'iou' | 'ios'): number {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (w <= 0 || h <= 0) return 0
  const [areaA, areaB] = [(a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])]
  const intersection = w * h
  return intersection / (metric === 'iou' ? areaA + areaB - intersection : Math.min(areaA, areaB))
}
