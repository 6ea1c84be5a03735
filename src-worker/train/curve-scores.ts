/** Scores of a short run, overall and by class, on the evaluation images as they are and on resampled ones. */
import { rng } from '@shared/base/rng'
import type { Detection } from '@shared/domain/detection'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import type { TaskId } from '@shared/domain/task'
import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import {
  inEvaluationOrder,
  labelOrder,
  snapshotDetections,
  snapshotSigmas,
  snapshotTruth,
} from '@shared/evaluation/from-snapshot'
import { weightedAp } from '@shared/evaluation/weighted-ap'

/** null: not defined, as without objects. */
export interface Scores {
  overall: number | null
  /** By label index. */
  classes: (number | null)[]
}
export interface RunScores extends Scores {
  resampled: Scores[]
}

/** How often each image counts in one resampled set of as many. */
export function resampleImages(images: number, sets: number, seed: number): Float64Array[] {
  const random = rng(seed, 'resample-images')
  return Array.from({ length: sets }, () => {
    const counts = new Float64Array(images)
    for (let i = 0; i < images; i++) counts[random.int(0, images - 1)]++
    return counts
  })
}

/**
 * @param samples as the task prepares them. @param sets of {@link resampleImages}.
 * @returns what scores the detections of one run: AP of boxes or points, the share of right classes of whole images.
 */
export function curveScorer(
  task: TaskId,
  header: SnapshotHeader,
  samples: readonly SnapshotSample[],
  sets: readonly Float64Array[],
): (found: ReadonlyMap<number, readonly Detection[]>) => RunScores {
  const score = task === 'classify' ? classScores(header, samples) : apScores(task, header, samples)
  return (found) => {
    const of = score(found)
    return { ...of(new Float64Array(samples.length).fill(1)), resampled: sets.map(of) }
  }
}

type Scorer = (found: ReadonlyMap<number, readonly Detection[]>) => (counts: ArrayLike<number>) => Scores

function apScores(task: TaskId, header: SnapshotHeader, samples: readonly SnapshotSample[]): Scorer {
  const iouType = task === 'pose' ? 'keypoints' : 'bbox'
  const gt = snapshotTruth(header, samples, iouType)
  const sigmas = task === 'pose' ? (snapshotSigmas(header) ?? []) : undefined
  // Categories ascend by their COCO id, labels by their index.
  const order = labelOrder(header)
  return (found) => {
    const dt = snapshotDetections(header, samples, found, iouType)
    const { matches } = evaluateCoco({ gt, dt, iouType, ...(sigmas ? { sigmas } : {}) })
    return (counts) => {
      const aps = weightedAp(matches, gt, dt.image, counts)
      const classes = header.labels.map((_, index) => aps[order.findIndex((one) => one.index === index)])
      return { overall: mean(classes), classes }
    }
  }
}

function classScores(header: SnapshotHeader, samples: readonly SnapshotSample[]): Scorer {
  const truths = inEvaluationOrder(samples).map(({ id, annotations: [one] }) => ({ id, label: one?.label ?? -1 }))
  return (found) => {
    const right = truths.map(({ id, label }) => found.get(id)?.[0]?.label === label)
    return (counts) => {
      const all = header.labels.map(() => 0)
      const hits = header.labels.map(() => 0)
      truths.forEach(({ label }, image) => {
        if (label < 0) return
        all[label] += counts[image]
        if (right[image]) hits[label] += counts[image]
      })
      const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
      return {
        overall: sum(all) > 0 ? sum(hits) / sum(all) : null,
        classes: all.map((count, label) => (count > 0 ? hits[label] / count : null)),
      }
    }
  }
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
