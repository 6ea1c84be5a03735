/** YOLOX with points: one definition for all sizes. */
import { z } from 'zod'
import { TagwrightError } from '../../../base/errors'
import { yoloxInput } from '../../../domain/model-input'
import { pointSigmas } from '../../../evaluation/point-sigmas'
import { type ModelDef, defineModel } from '../define'
import { type YoloxSize, yoloxFeatures } from './family'
import { yoloxLayers } from './layers'
import { type PoseHead, decodePose, poseHead } from './pose-head'

export const poseParams = z.strictObject({
  /** Points of an object: the most that a label of the project has. */
  points: z.int().min(1).max(1024).optional(),
  /** OKS sigmas by label and point; the labels' own unless given. */
  sigmas: z.array(z.array(z.number().positive())).optional(),
})

/** Of COCO's persons: what a model has before it knows a project. */
const USUAL_POINTS = 17

/**
 * @param size `parameters` is for one class and 17 points.
 * @param detector of the same size: files of it fit all but the points.
 */
export function defineYoloxPose(
  { title, depth, width, depthwise = false, learningRate = 1e-3, parameters }: YoloxSize,
  detector: ModelDef,
): ModelDef<PoseHead> {
  return defineModel<PoseHead>({
    title,
    task: 'pose',
    source: 'Ge et al. 2021, arXiv:2107.08430; Maji et al. 2022, arXiv:2204.06806',
    input: yoloxInput,
    stride: 32,
    learningRate,
    params: poseParams,
    layers: yoloxLayers,
    base: detector,
    examples: [{ classes: 1, parameters }],
    complete(given, _side, labels) {
      const { points, sigmas } = poseParams.parse(given)
      const count = points ?? Math.max(0, ...labels.map(({ skeleton }) => skeleton?.names.length ?? 0))
      if (count === 0)
        throw new TagwrightError(
          'no-skeleton',
          'No label has a skeleton, so there are no points to learn. Give a label its points in the view Labels, or import poses.',
        )
      const own = labels.map(({ skeleton }) => (skeleton ? pointSigmas(skeleton) : []))
      return { points: count, sigmas: sigmas ?? own }
    },
    build(nn, images, { classes, params }) {
      const { points = USUAL_POINTS, sigmas = [] } = poseParams.parse(params)
      const { features, hidden, conv } = yoloxFeatures(nn, images, { depth, width, depthwise })
      const usual = pointSigmas({ names: Array<string>(points).fill(''), sigmas: [] })
      const whole = Array.from({ length: classes }, (_, c) => usual.map((sigma, k) => sigmas[c]?.[k] ?? sigma))
      return poseHead(nn, features, { hidden, classes, points, sigmas: whole, conv })
    },
    output: decodePose,
    points: (params) => poseParams.parse(params).points ?? USUAL_POINTS,
  })
}
