/** A snapshot's annotations as COCO ground truth, with the ids that predictions.json uses. */
import { groundTruthBuilder, type GroundTruth } from '@shared/evaluation/coco-columns'
import type { IouType } from '@shared/evaluation/coco-params'
import type { Rle } from '@shared/evaluation/mask'
import { rasterizePolygons } from '@shared/evaluation/rasterize-polygon'
import { shapeBox } from '@shared/domain/shape-box'
import type { SnapshotAnnotation, SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'

/**
 * @param iouType `segm` takes polygons and masks only, `keypoints` keypoints only, `bbox` every shape that has a box.
 *   Category ids ascend; row i of `labels` becomes the category with `labels[i].cocoId`.
 */
export function snapshotTruth(
  header: SnapshotHeader,
  samples: readonly SnapshotSample[],
  iouType: IouType,
): GroundTruth {
  const images = [...samples].sort((a, b) => a.cocoImageId - b.cocoImageId)
  const labels = header.labels.map((label, index) => ({ ...label, index })).sort((a, b) => a.cocoId - b.cocoId)
  const categoryOf = new Map(labels.map((label, category) => [label.index, category]))
  const keypointCount = Math.max(0, ...header.labels.map((label) => label.skeleton?.names.length ?? 0))
  const builder = groundTruthBuilder({
    imageIds: Float64Array.from(images, (sample) => sample.cocoImageId),
    categoryIds: Float64Array.from(labels, (label) => label.cocoId),
    categoryNames: labels.map((label) => label.name),
    keypointCount: iouType === 'keypoints' ? keypointCount : 0,
  })
  images.forEach((sample, image) => {
    for (const annotation of sample.annotations) {
      const { shape, flags } = annotation
      const box = annotation.box ?? shapeBox(shape)
      if (!box) continue
      const mask = iouType === 'segm' ? outline(annotation, sample) : undefined
      if (iouType === 'segm' && !mask) continue
      if (iouType === 'keypoints' && shape.kind !== 'keypoints') continue
      const keypoints = shape.kind === 'keypoints' ? shape.keypoints.flat() : undefined
      builder.add({
        image,
        category: categoryOf.get(annotation.label)!,
        id: annotation.id,
        box: [box[0], box[1], box[2] - box[0], box[3] - box[1]],
        area: annotation.area,
        crowd: flags.crowd,
        ignore: iouType === 'keypoints' && !shapeHasPoints(annotation),
        ...(mask ? { mask } : {}),
        ...(iouType === 'keypoints' ? { keypoints } : {}),
      })
    }
  })
  return builder.finish()
}

function outline({ shape }: SnapshotAnnotation, { width, height }: SnapshotSample): Rle | undefined {
  if (shape.kind === 'polygon') {
    return rasterizePolygons(
      shape.rings.map((ring) => ring.flat()),
      height,
      width,
    )
  }
  if (shape.kind === 'mask') return shape.mask
  return undefined
}

const shapeHasPoints = ({ shape }: SnapshotAnnotation): boolean =>
  shape.kind === 'keypoints' && shape.keypoints.some(([, , v]) => v > 0)
