/** YOLOv7's trunk with heads of poses on four levels, strides 8 to 64. */
import type { Value } from '../../../engine/graph'
import type { Nn } from '../../../engine/nn'
import { concat, focus, reshape } from '../../../engine/ops'
import type { ModelDef } from '../define'
import { definePose, yoloPoseKeys } from '../pose/define-pose'
import { makeCells } from '../yolox/head'
import { type PoseHead, decodePose } from '../yolox/pose-head'
import { elanBackbone, elanPafpn, implicitConv } from './parts'

export interface Yolov7Size {
  title: string
  /** Factor of all channels; a multiple of 1/64. */
  width: number
  learningRate: number
  /** For one class and 17 points. */
  parameters: number
}

const strides = [8, 16, 32, 64]
const layers = ['backbone.stem', ...[2, 3, 4, 5, 6].flatMap((i) => [`backbone.down${i}`, `backbone.stage${i}`]), 'neck', 'head'] // prettier-ignore

export const defineYolov7Pose = ({ title, width, learningRate, parameters }: Yolov7Size): ModelDef<PoseHead> =>
  definePose<PoseHead>({
    title,
    source: 'Wang et al. 2022, arXiv:2207.02696; Maji et al. 2022, arXiv:2204.06806',
    stride: 64,
    keys: yoloPoseKeys,
    learningRate,
    layers,
    examples: [{ classes: 1, parameters }],
    build(nn, images, { classes, points, sigmas }) {
      const maps = elanPafpn(nn, elanBackbone(nn, focus(images), width), width)
      // Prior probability .01, as in YOLOX.
      const prior = -Math.log((1 - 1e-2) / 1e-2)
      const flat = (v: Value) => reshape(v, [v.shape[0], v.shape[1], v.shape[2] * v.shape[3]])
      const parts = maps.map((x, i) =>
        nn.scope('head', () => {
          const told = implicitConv(nn, `kpt_preds.${i}`, pointTower(nn, `kpt_convs.${i}`, x), 3 * points)
          return {
            box: flat(implicitConv(nn, `box_preds.${i}`, x, 4)),
            objectness: flat(implicitConv(nn, `obj_preds.${i}`, x, 1, prior)),
            classes: flat(implicitConv(nn, `cls_preds.${i}`, x, classes, prior)),
            points: reshape(told, [told.shape[0], points, 3, told.shape[2] * told.shape[3]]),
          }
        }),
      )
      const sides = maps.map((v) => [v.shape[2], v.shape[3]] as const)
      return {
        box: concat(parts.map(({ box }) => box), 2),
        objectness: concat(parts.map(({ objectness }) => objectness), 2),
        classes: concat(parts.map((part) => part.classes), 2),
        points: concat(parts.map((part) => part.points), 3),
        cells: makeCells(nn.graph, sides, strides),
        sigmas,
      } // prettier-ignore
    },
    output: decodePose,
  })

/** Six times a depth-wise 3x3 and a 1x1 convolution. */
function pointTower(nn: Nn, name: string, x: Value): Value {
  const channels = x.shape[1]
  return nn.scope(name, () => {
    for (let i = 0; i < 6; i++) {
      x = nn.convBnSilu(`${i}.depthwise`, x, channels, 3, 1, channels)
      x = nn.convBnSilu(`${i}.pointwise`, x, channels, 1)
    }
    return x
  })
}
