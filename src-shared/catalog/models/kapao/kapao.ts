/** KAPAO on YOLOX's trunk: one definition for all sizes. */
import type { ModelDef } from '../define'
import { definePose } from '../pose/define-pose'
import { type YoloxSize, yoloxFeatures } from '../yolox/family'
import { yoloxLayers } from '../yolox/layers'
import { pointsBorrow, poseHead } from '../yolox/pose-head'
import { type KapaoHead, decodeKapao } from './head'

/**
 * @param size `parameters` is for one class and 17 points.
 * @param detector of the same size: files of it fit all but classes and points.
 */
export const defineKapao = (
  { title, depth, width, depthwise = false, learningRate = 1e-3, parameters }: YoloxSize,
  detector: ModelDef,
): ModelDef<KapaoHead> =>
  definePose<KapaoHead>({
    title,
    source: 'McNally et al. 2022, arXiv:2111.08557; Ge et al. 2021, arXiv:2107.08430',
    stride: 32,
    keys: ['loss.keypoints'],
    learningRate,
    layers: yoloxLayers,
    base: detector,
    borrows: pointsBorrow,
    examples: [{ classes: 1, parameters }],
    build(nn, images, { classes, points, sigmas, counts }) {
      const { features, hidden, conv } = yoloxFeatures(nn, images, { depth, width, depthwise })
      const objects = classes + counts.reduce((a, b) => a + b, 0)
      const head = poseHead(nn, features, { hidden, classes: objects, points, sigmas, conv, numbers: 2 })
      return { ...head, counts, side: Math.max(images.shape[2], images.shape[3]) }
    },
    output: decodeKapao,
  })
