/** Ground truth and detections of an evaluation with their images, in a form that is stored and read back exactly. */
import type { SnapshotHeader, SnapshotSample } from '../domain/snapshot'
import { detectionsBuilder, groundTruthBuilder, type Detections, type GroundTruth } from './coco-columns'
import { inEvaluationOrder, labelOrder } from './from-snapshot'

export interface ObjectSet {
  gt: GroundTruth
  dt: Detections
  /** In the order of the columns' `image`. */
  images: { sample: number; cocoImageId: number; name: string; width: number; height: number }[]
  /** In the order of the columns' `category`. */
  labels: { name: string; cocoId: number; color: string }[]
}

/** Plain columns; boxes are x, y, w, h. JSON keeps doubles to the last bit. */
interface Stored {
  version: 1
  images: [sample: number, cocoImageId: number, name: string, width: number, height: number][]
  labels: ObjectSet['labels']
  gt: {
    image: number[]
    category: number[]
    id: number[]
    box: number[]
    area: number[]
    crowd: number[]
    ignore: number[]
  }
  dt: { image: number[]; category: number[]; score: number[]; box: number[] }
}

/** @param gt,dt made of the same header and samples by from-snapshot.ts. Boxes only. */
export function objectSet(
  header: Pick<SnapshotHeader, 'labels'>,
  samples: readonly SnapshotSample[],
  { gt, dt }: { gt: GroundTruth; dt: Detections },
): ObjectSet {
  return {
    gt,
    dt,
    images: inEvaluationOrder(samples).map(({ id, cocoImageId, name, width, height }) => ({
      sample: id,
      cocoImageId,
      name,
      width,
      height,
    })),
    labels: labelOrder(header).map(({ name, cocoId, color }) => ({ name, cocoId, color })),
  }
}

export function packObjects({ gt, dt, images, labels }: ObjectSet): string {
  const stored: Stored = {
    version: 1,
    images: images.map(({ sample, cocoImageId, name, width, height }) => [sample, cocoImageId, name, width, height]),
    labels,
    gt: {
      image: [...gt.image],
      category: [...gt.category],
      id: [...gt.id],
      box: [...gt.box],
      area: [...gt.area],
      crowd: [...gt.crowd],
      ignore: [...gt.ignore],
    },
    dt: { image: [...dt.image], category: [...dt.category], score: [...dt.score], box: [...dt.box] },
  }
  return JSON.stringify(stored)
}

export function unpackObjects(text: string): ObjectSet {
  const { images, labels, gt, dt } = JSON.parse(text) as Stored
  const truths = groundTruthBuilder({
    imageIds: Float64Array.from(images, ([, cocoImageId]) => cocoImageId),
    categoryIds: Float64Array.from(labels, ({ cocoId }) => cocoId),
    categoryNames: labels.map(({ name }) => name),
  })
  for (let i = 0; i < gt.image.length; i++) {
    truths.add({
      image: gt.image[i],
      category: gt.category[i],
      id: gt.id[i],
      box: gt.box.slice(4 * i, 4 * i + 4),
      area: gt.area[i],
      crowd: gt.crowd[i] === 1,
      ignore: gt.ignore[i] === 1,
    })
  }
  const found = detectionsBuilder({ capacity: dt.image.length })
  for (let i = 0; i < dt.image.length; i++) {
    const [x, y, w, h] = dt.box.slice(4 * i, 4 * i + 4)
    found.add(dt.image[i], dt.category[i], dt.score[i], x, y, w, h)
  }
  return {
    gt: truths.finish(),
    dt: found.finish(),
    images: images.map(([sample, cocoImageId, name, width, height]) => ({ sample, cocoImageId, name, width, height })),
    labels,
  }
}
