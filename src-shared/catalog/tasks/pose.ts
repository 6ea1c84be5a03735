import { objectPoints } from '../../domain/skeleton'
import { poseBox } from '../../domain/pose-box'
import { boxArea } from '../../domain/geometry'
import type { SnapshotAnnotation, SnapshotSample } from '../../domain/snapshot'
import { yoloxAugments } from '../augments'
import { kapaoLoss } from '../losses/kapao'
import { yoloxPoseLoss } from '../losses/yolox-pose'
import { isKapao } from '../models/kapao/head'
import type { PoseHead } from '../models/yolox/pose-head'
import { defineTask, letterboxKeys } from './define'

/** Objects are boxes with points; boxes alone teach where objects are, and nothing about points. */
export default defineTask<PoseHead>({
  title: 'Pose',
  scores: ['AP', 'AP50', 'PCK'],
  truth: 'objects',
  prepare(sample) {
    const annotations = sample.annotations.map((annotation) => withBox(annotation, sample))
    return { ...sample, annotations }
  },
  points: objectPoints,
  notes(samples) {
    const poses = samples.flatMap(({ annotations }) => annotations.flatMap(({ shape }) => (shape.kind === 'keypoints' ? [shape] : []))) // prettier-ignore
    const without = poses.filter(({ box }) => !box).length
    if (without === 0) return []
    return [
      `${without} of ${poses.length} poses have no box of their own: the box around their points is used, with 15 % of its longer side as room on each side.`,
    ]
  },
  advice: 'Set points on some images or import annotations, then train.',
  keys: [...letterboxKeys, 'data.slice', 'loss.iou'],
  // Points come from layers that no detector's file has.
  steps: { perImage: 12, fewest: 400, most: 1500 },
  // Blending two images makes points of both unclear: YOLO-pose trains without it.
  augments: (model) => yoloxAugments(model).filter(({ id }) => id !== 'mixup'),
  loss({ output, graph, batch, rows, settings }) {
    const targets = graph.input('targets', [batch, rows, 5 + 3 * output.points.shape[1]])
    const { iou = 'iou', oks = 'coco', points = 10, pointL1 = 5, visibility = 1, keypoints = 2.5 } = settings
    const useL1 = graph.input('useL1', [])
    if (isKapao(output)) return kapaoLoss(output, targets, useL1, { iou, keypoints })
    return yoloxPoseLoss(output, targets, useL1, { iou, oks, points, pointL1, visibility })
  },
  feeds: ({ targets, count, maxGt, closing }) => ({
    targets: { data: targets, shape: [count, maxGt, targets.length / (count * maxGt)] },
    useL1: { data: Float32Array.of(closing ? 1 : 0), shape: [] },
  }),
  symbolic: { targets: { 1: 'truths' } },
})

function withBox(annotation: SnapshotAnnotation, image: SnapshotSample): SnapshotAnnotation {
  const { shape } = annotation
  if (shape.kind !== 'keypoints' || shape.box) return annotation
  const box = poseBox(shape.keypoints, image)
  if (!box) return annotation
  return { ...annotation, shape: { ...shape, box: [...box] }, box, area: boxArea(box) }
}
