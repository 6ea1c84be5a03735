/** What all networks of poses share: points and sigmas from the labels' skeletons, boxes with points as output. */
import { z } from 'zod'
import { TagwrightError } from '../../../base/errors'
import { yoloxInput } from '../../../domain/model-input'
import type { Skeleton } from '../../../domain/skeleton'
import type { Value } from '../../../engine/graph'
import type { Nn } from '../../../engine/nn'
import { pointSigmas } from '../../../evaluation/point-sigmas'
import { type ModelDef, defineModel } from '../define'
import type { PoseHead } from '../yolox/pose-head'

export const poseParams = z.strictObject({
  /** Points of an object: the most that a label of the project has. */
  points: z.int().min(1).max(1024).optional(),
  /** OKS sigmas by label and point; the labels' own unless given. */
  sigmas: z.array(z.array(z.number().positive())).optional(),
})

/** What the loss of YOLO-pose reads. */
export const yoloPoseKeys = ['loss.oks', 'loss.points', 'loss.pointL1', 'loss.visibility'] as const

/** Of COCO's persons: what a model has before it knows a project. */
const USUAL_POINTS = 17

export interface PoseModel<Head extends PoseHead> extends Pick<
  ModelDef<Head>,
  'title' | 'source' | 'stride' | 'keys' | 'learningRate' | 'layers' | 'borrows' | 'examples' | 'output'
> {
  /** The network without points: files of it fit all but those. */
  base?: ModelDef
  /** @param at.counts points of each class. @param at.sigmas [classes][points]. */
  build(
    nn: Nn,
    images: Value,
    at: { classes: number; points: number; sigmas: PoseHead['sigmas']; counts: readonly number[] },
  ): Head
}

/** A model of the task `pose`. */
export function definePose<Head extends PoseHead>({ base, build, ...def }: PoseModel<Head>): ModelDef<Head> {
  return defineModel<Head>({
    ...def,
    task: 'pose',
    input: yoloxInput,
    params: poseParams,
    ...(base && { base }),
    complete(given, _side, labels) {
      const { points, sigmas } = poseParams.parse(given)
      const count = points ?? Math.max(0, ...labels.map(({ skeleton }) => skeleton?.names.length ?? 0))
      if (count === 0)
        throw new TagwrightError(
          'no-skeleton',
          'No label has a skeleton, so there are no points to learn. Give a label its points in the view Labels, or import poses.',
        )
      const own = labels.map(({ skeleton }: { skeleton?: Skeleton | undefined }) =>
        skeleton ? pointSigmas(skeleton) : [],
      )
      return { points: count, sigmas: sigmas ?? own }
    },
    build(nn, images, { classes, params }) {
      const { points = USUAL_POINTS, sigmas = [] } = poseParams.parse(params)
      const usual = pointSigmas({ names: Array<string>(points).fill(''), sigmas: [] })
      const whole = Array.from({ length: classes }, (_, c) => usual.map((sigma, k) => sigmas[c]?.[k] ?? sigma))
      // A label has as many points as sigmas; where nothing is told, all.
      const counts = whole.map((_, c) => Math.min(points, sigmas[c]?.length ?? points))
      return build(nn, images, { classes, points, sigmas: whole, counts })
    },
    points: (params) => poseParams.parse(params).points ?? USUAL_POINTS,
  })
}
