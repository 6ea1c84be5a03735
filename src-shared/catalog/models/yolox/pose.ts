/** YOLOX with points: one definition for all sizes. */
import type { ModelDef } from '../define'
import { definePose, yoloPoseKeys } from '../pose/define-pose'
import { type YoloxSize, yoloxFeatures } from './family'
import { yoloxLayers } from './layers'
import { type PoseHead, decodePose, pointsBorrow, poseHead } from './pose-head'

/**
 * @param size `parameters` is for one class and 17 points.
 * @param detector of the same size: files of it fit all but the points.
 */
export function defineYoloxPose(
  { title, depth, width, depthwise = false, learningRate = 1e-3, parameters }: YoloxSize,
  detector: ModelDef,
): ModelDef<PoseHead> {
  return definePose<PoseHead>({
    title,
    source: 'Ge et al. 2021, arXiv:2107.08430; Maji et al. 2022, arXiv:2204.06806',
    stride: 32,
    keys: yoloPoseKeys,
    learningRate,
    layers: yoloxLayers,
    base: detector,
    borrows: pointsBorrow,
    examples: [{ classes: 1, parameters }],
    build(nn, images, { classes, points, sigmas }) {
      const { features, hidden, conv } = yoloxFeatures(nn, images, { depth, width, depthwise })
      return poseHead(nn, features, { hidden, classes, points, sigmas, conv })
    },
    output: decodePose,
  })
}
