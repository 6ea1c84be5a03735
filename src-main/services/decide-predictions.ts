/** Predictions become annotations, or not: the writes that predictions and review share. Call inside `store.change`. */
import { TagwrightError } from '@shared/base/errors'
import { truthOf } from '@shared/catalog/tasks'
import type { Shape } from '@shared/domain/annotation'
import type { FoundPoint } from '@shared/domain/detection'
import { toKeypoints } from '@shared/domain/found-points'
import type { Box, Keypoint } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import type { Skeleton } from '@shared/domain/skeleton'
import { getAnnotation } from '../store/annotation'
import { packFlags, packShape } from '../store/pack-shape'
import type { Writer } from '../store/change'
import { getLabel } from '../store/label'
import { getPredictionBoxes } from '../store/prediction'
import type { PredictionBoxRow } from '../store/rows'
import { getSample } from '../store/sample'
import type { Store } from '../store/store'

/** All of them. Throws `not-found` when one is gone. */
export function needPredictions(store: Store, ids: readonly number[]): PredictionBoxRow[] {
  const rows = getPredictionBoxes(store.db, ids)
  if (rows.length === ids.length) return rows
  const known = new Set(rows.map(({ id }) => id))
  const missing = ids.find((id) => !known.has(id))
  throw new TagwrightError(
    'not-found',
    `There is no prediction ${missing}. It may have been replaced by a newer one; list them again.`,
    { prediction: missing },
  )
}

export interface Correction {
  label?: number | undefined
  box?: Box | undefined
  /** Annotation whose place it takes. */
  replace?: number | undefined
}

/** @returns the annotation. Throws `not-found`, `bad-input`, `not-a-box`, `decided`. */
export function acceptPrediction(
  store: Store,
  write: Writer,
  row: PredictionBoxRow,
  { label = row.label_id, box = [row.x1, row.y1, row.x2, row.y2], replace }: Correction = {},
): number {
  if (row.state === 'accepted') {
    throw new TagwrightError('decided', `Prediction ${row.id} was accepted already. Change its annotation instead.`, {
      prediction: row.id,
      annotation: row.annotation_id,
    })
  }
  const [x1, y1, x2, y2] = box
  if (!(x2 > x1 && y2 > y1)) {
    throw new TagwrightError('bad-input', `The box ${box.join(', ')} has no area. Give x1 < x2 and y1 < y2.`, { box })
  }
  const known = getLabel(store.db, label)
  if (!known || known.gap) {
    throw new TagwrightError('not-found', `There is no label ${label}. List the labels and choose another.`, { label })
  }
  // A classifier's word is about the whole image.
  const isClass = truthOf(store.project.task) === 'class'
  const found = isClass || row.keypoints === null ? null : poseOf(row, box, known.skeleton, store)
  const shape = packShape(isClass ? { kind: 'tag' } : (found ?? { kind: 'box', box: [x1, y1, x2, y2] }))
  let annotation = replace
  if (annotation === undefined) {
    annotation = write.insert('annotation', {
      sample_id: row.sample_id,
      label_id: label,
      ...shape,
      flags: packFlags(),
      provenance: row.source,
      extra: JSON.stringify({ score: row.score }),
    })
  } else {
    const old = getAnnotation(store.db, annotation)
    if (!old || old.sampleId !== row.sample_id) {
      throw new TagwrightError(
        'not-found',
        `There is no annotation ${annotation} on that image. It may have been removed.`,
        {
          annotation,
        },
      )
    }
    const bounds = shapeBox(old.shape)
    const moves =
      !(isClass && old.shape.kind === 'tag') && (bounds === null || bounds.some((value, i) => value !== box[i]))
    // A pose takes the place of a box or of another pose, and nothing is lost.
    if (moves && old.shape.kind !== 'box' && !(found && old.shape.kind === 'keypoints')) {
      throw new TagwrightError(
        'not-a-box',
        `Annotation ${annotation} is a ${old.shape.kind}; a predicted box would lose its outline. Correct it by hand.`,
        { annotation, kind: old.shape.kind },
      )
    }
    write.update('annotation', annotation, { label_id: label, ...(moves ? { ...shape, area: null } : {}) })
  }
  write.update('prediction_box', row.id, { state: 'accepted', annotation_id: annotation })
  return annotation
}

/**
 * A predicted pose as a shape; null when none of its points is there. With another box its points stay. A model tells as many
 * points for every class as the largest skeleton has; with another label those of the same name are taken.
 */
function poseOf(row: PredictionBoxRow, box: Box, skeleton: Skeleton | null, store: Store): Shape | null {
  if (skeleton === null) return null
  const sample = getSample(store.db, row.sample_id)
  const { width, height } = sample
  const image = width && height ? { width, height } : undefined
  const predicted = toKeypoints(JSON.parse(row.keypoints!) as FoundPoint[], image)
  const own = getLabel(store.db, row.label_id)?.skeleton?.names ?? skeleton.names
  const keypoints = skeleton.names.map((name): Keypoint => predicted[own.indexOf(name)] ?? [0, 0, 0])
  if (!keypoints.some(([, , v]) => v > 0)) return null
  return { kind: 'keypoints', keypoints: keypoints.map(([x, y, v]) => [x, y, v]), box: [...box] }
}

export const setPredictionState = (write: Writer, state: 'pending' | 'rejected', ids: readonly number[]): number =>
  write.set('prediction_box', 'state', state, ids)
