/** How far the points of poses lie from the truth, beside COCO's similarity: PCK, and the error of each point. */
import { z } from 'zod'
import type { Detection } from '../domain/detection'
import { boxArea, boxIou, type Box } from '../domain/geometry'
import { shapeBox } from '../domain/shape-box'
import type { SnapshotHeader, SnapshotSample } from '../domain/snapshot'
import { pointSigmas } from './point-sigmas'

const px = z.number().nullable()
const pckSchema = z.object({
  /** `box`: a share of the longer side of the object's box; `px`: pixels of the image. */
  unit: z.enum(['box', 'px']),
  threshold: z.number(),
  /** Share of the labelled points that are as near or nearer, 0..1. */
  value: z.number(),
})

export const pointErrorSchema = z.object({
  label: z.string(),
  point: z.string(),
  sigma: z.number(),
  /** Labelled ones, and those of found objects. */
  labelled: z.int(),
  found: z.int(),
  /** Distances of found ones, px; null: none was found. */
  mean: px,
  median: px,
  p95: px,
  /** Share within `pckShare` of the box's longer side; missed objects count as outside. */
  pck: z.number(),
})

export const poseEvaluationSchema = z.object({
  kind: z.literal('pose'),
  /** Detections with at least this score count here. */
  conf: z.number(),
  /** Objects with a labelled point, and those that a detection belongs to. */
  objects: z.int(),
  found: z.int(),
  /** Over all points of found objects, px. */
  mean: px,
  median: px,
  p95: px,
  pck: z.array(pckSchema),
  /** Worst first: falling median, those never found before all others. */
  points: z.array(pointErrorSchema),
  /** COCO's numbers of the boxes. */
  boxes: z.record(z.string(), z.number()).optional(),
})
export type PoseEvaluation = z.infer<typeof poseEvaluationSchema>

/** Of `PCK` and of each point: within a tenth of the box's longer side. */
export const pckShare = 0.1
const shares = [0.05, pckShare, 0.2]
const distances = [5, 10]

/**
 * Detections of a class go, best first, to the object of that class with the most similar points whose box they touch.
 * @param detections by sample id, labels as in the header. @param conf as a person would see them: `predict`'s own.
 */
export function evaluatePose(
  header: Pick<SnapshotHeader, 'labels'>,
  samples: readonly SnapshotSample[],
  detections: ReadonlyMap<number, readonly Detection[]>,
  conf = 0.25,
): PoseEvaluation {
  const rows = header.labels.map(({ name, skeleton }) =>
    (skeleton?.names ?? []).map((point, k) => ({
      label: name,
      point,
      sigma: pointSigmas(skeleton!)[k],
      labelled: 0,
      errors: [] as number[],
      near: 0,
    })),
  )
  const within = [...shares.map((threshold) => ({ unit: 'box' as const, threshold })), ...distances.map((threshold) => ({ unit: 'px' as const, threshold }))].map((one) => ({ ...one, count: 0 })) // prettier-ignore
  let [objects, found] = [0, 0]
  for (const sample of samples) {
    const truths = sample.annotations.flatMap(({ label, shape, flags, area, box: given }) => {
      const box = given ?? shapeBox(shape)
      if (shape.kind !== 'keypoints' || flags.crowd || !box || !shape.keypoints.some(([, , v]) => v > 0)) return []
      return [{ label, keypoints: shape.keypoints, box, area: area || boxArea(box), taken: null as Detection | null }]
    })
    objects += truths.length
    for (const one of best(detections.get(sample.id) ?? [], conf)) {
      const free = truths.filter((t) => t.label === one.label && !t.taken && boxIou(t.box, one.box) > 0)
      const scored = free.map((t) => ({
        t,
        oks: similarity(
          t,
          one,
          rows[t.label].map(({ sigma }) => sigma),
        ),
      }))
      const top = scored.toSorted((a, b) => b.oks - a.oks)[0]
      if (top) top.t.taken = one
    }
    for (const { label, keypoints, box, taken } of truths) {
      if (taken) found++
      const side = Math.max(box[2] - box[0], box[3] - box[1])
      keypoints.forEach(([x, y, v], k) => {
        const row = rows[label][k]
        if (v === 0 || !row) return
        row.labelled++
        const point = taken?.keypoints?.[k]
        if (!point) return
        const error = Math.hypot(point[0] - x, point[1] - y)
        row.errors.push(error)
        if (error <= pckShare * side) row.near++
        for (const one of within) if (error <= one.threshold * (one.unit === 'box' ? side : 1)) one.count++
      })
    }
  }
  const all = rows.flat()
  const labelled = all.reduce((sum, row) => sum + row.labelled, 0)
  const points = all
    .filter((row) => row.labelled > 0)
    .map(({ errors, near, ...row }) => ({
      ...row,
      found: errors.length,
      ...spread(errors),
      pck: near / row.labelled,
    }))
    .sort((a, b) => (b.median ?? Infinity) - (a.median ?? Infinity) || a.pck - b.pck)
  return {
    kind: 'pose',
    conf,
    objects,
    found,
    ...spread(all.flatMap(({ errors }) => errors)),
    pck: within.map(({ unit, threshold, count }) => ({ unit, threshold, value: labelled ? count / labelled : 0 })),
    points,
  }
}

const best = (found: readonly Detection[], conf: number): Detection[] =>
  found.filter(({ score, keypoints }) => score >= conf && keypoints).sort((a, b) => b.score - a.score)

interface Truth {
  keypoints: readonly (readonly [number, number, number])[]
  box: Box
  area: number
}

function similarity(
  { keypoints, area }: Truth,
  { keypoints: found = [] }: Detection,
  sigmas: readonly number[],
): number {
  let [sum, count] = [0, 0]
  keypoints.forEach(([x, y, v], k) => {
    if (v === 0 || !found[k] || sigmas[k] === undefined) return
    const squared = (found[k][0] - x) ** 2 + (found[k][1] - y) ** 2
    sum += Math.exp(-squared / (2 * (area + Number.EPSILON) * (2 * sigmas[k]) ** 2))
    count++
  })
  return count > 0 ? sum / count : 0
}

function spread(errors: readonly number[]): { mean: number | null; median: number | null; p95: number | null } {
  if (errors.length === 0) return { mean: null, median: null, p95: null }
  const sorted = [...errors].sort((a, b) => a - b)
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length
  return { mean, median: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) }
}

/** Between the two nearest values, as NumPy's default. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1)
  const low = Math.floor(at)
  const next = Math.min(low + 1, sorted.length - 1)
  return sorted[low] + (at - low) * (sorted[next] - sorted[low])
}
