/** A snapshot's annotations and a model's detections as columns, with the ids that predictions.json uses. */
import type { Detection } from '../domain/detection'
import { shapeBox } from '../domain/shape-box'
import type { SnapshotAnnotation, SnapshotHeader, SnapshotSample } from '../domain/snapshot'
import { detectionsBuilder, groundTruthBuilder, type Detections, type GroundTruth } from './coco-columns'
import type { IouType } from './coco-params'
import type { Rle } from './mask'
import { pointSigmas } from './point-sigmas'
import { rasterizePolygons } from './rasterize-polygon'

/**
 * Images ascend by COCO image id (equal ids by sample id), categories by COCO category id, as in a file exported from
 * the same snapshot.
 * @param iouType `segm` takes polygons and masks only, `keypoints` keypoints only, `bbox` every shape that has a box.
 */
export function snapshotTruth(
  header: SnapshotHeader,
  samples: readonly SnapshotSample[],
  iouType: IouType = 'bbox',
): GroundTruth {
  const images = inEvaluationOrder(samples)
  const labels = labelOrder(header)
  const categoryOf = categoryOfLabel(labels)
  const keypointCount = iouType === 'keypoints' ? skeletonSize(header) : 0
  const builder = groundTruthBuilder({
    imageIds: Float64Array.from(images, (sample) => sample.cocoImageId),
    categoryIds: Float64Array.from(labels, (label) => label.cocoId),
    categoryNames: labels.map((label) => label.name),
    keypointCount,
  })
  images.forEach((sample, image) => {
    for (const annotation of sample.annotations) {
      const { shape, flags } = annotation
      const box = annotation.box ?? shapeBox(shape)
      const category = categoryOf[annotation.label]
      if (!box || category === undefined) continue
      const mask = iouType === 'segm' ? outline(annotation, sample) : undefined
      if (iouType === 'segm' && !mask) continue
      if (iouType === 'keypoints' && shape.kind !== 'keypoints') continue
      const points = shape.kind === 'keypoints' ? shape.keypoints : []
      builder.add({
        image,
        category,
        id: annotation.id,
        box: [box[0], box[1], box[2] - box[0], box[3] - box[1]],
        area: annotation.area,
        crowd: flags.crowd,
        ignore: iouType === 'keypoints' && !points.some(([, , v]) => v > 0),
        ...(mask ? { mask } : {}),
        ...(keypointCount > 0 ? { keypoints: flatPoints(points, keypointCount) } : {}),
      })
    }
  })
  return builder.finish()
}

/**
 * OKS sigmas in the order of the evaluation's categories, as many for each as its largest skeleton has points (see
 * pointSigmas); undefined when no label has a skeleton.
 */
export function snapshotSigmas(header: Pick<SnapshotHeader, 'labels'>): number[] | undefined {
  const count = skeletonSize(header)
  if (count === 0) return undefined
  return labelOrder(header).flatMap(({ skeleton }) => {
    const own = skeleton ? pointSigmas(skeleton) : []
    // Points that a class does not have are never labelled.
    return Array.from({ length: count }, (_, k) => own[k] ?? 1)
  })
}

/**
 * @param predictions detections per sample id; samples without an entry have none. Labels are indexes of the header.
 * The rows stand in the order of {@link snapshotTruth}'s images, which decides between equal scores.
 */
export function snapshotDetections(
  header: SnapshotHeader,
  samples: readonly SnapshotSample[],
  predictions: ReadonlyMap<number, readonly Detection[]>,
  iouType: IouType = 'bbox',
): Detections {
  const categoryOf = categoryOfLabel(labelOrder(header))
  const keypointCount = iouType === 'keypoints' ? skeletonSize(header) : 0
  const builder = detectionsBuilder({ keypointCount })
  inEvaluationOrder(samples).forEach((sample, image) => {
    for (const { label, score, box, keypoints } of predictions.get(sample.id) ?? []) {
      builder.add(image, categoryOf[label], score, box[0], box[1], box[2] - box[0], box[3] - box[1])
      if (keypointCount > 0) builder.setKeypoints(flatPoints(keypoints ?? [], keypointCount))
    }
  })
  return builder.finish()
}

/** Samples in the order of the evaluation's images. */
export const inEvaluationOrder = (samples: readonly SnapshotSample[]): SnapshotSample[] =>
  [...samples].sort((a, b) => a.cocoImageId - b.cocoImageId || a.id - b.id)

/** Labels in the order of the evaluation's categories, with their index in the header. */
export const labelOrder = (header: Pick<SnapshotHeader, 'labels'>) =>
  header.labels.map((label, index) => ({ ...label, index })).sort((a, b) => a.cocoId - b.cocoId || a.index - b.index)

function categoryOfLabel(labels: readonly { index: number }[]): number[] {
  const categories: number[] = []
  labels.forEach((label, category) => (categories[label.index] = category))
  return categories
}

const skeletonSize = (header: Pick<SnapshotHeader, 'labels'>): number =>
  header.labels.reduce((most, label) => Math.max(most, label.skeleton?.names.length ?? 0), 0)

function flatPoints(points: readonly (readonly [number, number, number])[], count: number): Float64Array {
  const flat = new Float64Array(count * 3)
  points.slice(0, count).forEach((point, i) => flat.set(point, 3 * i))
  return flat
}

function outline({ shape }: SnapshotAnnotation, { width, height }: SnapshotSample): Rle | undefined {
  if (shape.kind === 'mask') return shape.mask
  if (shape.kind !== 'polygon') return undefined
  const rings = shape.rings.map((ring) => ring.flat())
  return rasterizePolygons(rings, height, width)
}
