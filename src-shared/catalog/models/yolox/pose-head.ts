/** YOLOX's head with a third tower for points: direct coordinates and visibility, as YOLO-pose (Maji et al. 2022). */
import type { Value } from '../../../engine/graph'
import type { Nn } from '../../../engine/nn'
import { add, concat, mul, reshape, sigmoid, slice, transpose } from '../../../engine/ops'
import { type Cells, type DenseHead, decodeBoxes, decoupledHead } from './head'
import type { Features, SpatialConv } from './parts'

export interface PoseHead extends DenseHead {
  /** Raw x, y and visibility logit of each point: [N, K, 3, A]. */
  points: Value
  /** OKS sigma by class and point: [classes][K]. */
  sigmas: readonly (readonly number[])[]
}

/** The tower of boxes sees where an object lies and how large it is, which is half of what its points need. */
export const pointsBorrow = { 'head.kpt_convs.': 'head.reg_convs.' }

/** @param sigmas see PoseHead. */
export function poseHead(
  nn: Nn,
  features: Features,
  {
    hidden,
    classes,
    points: count,
    sigmas,
    conv,
    numbers = 3,
  }: {
    hidden: number
    classes: number
    points: number
    sigmas: PoseHead['sigmas']
    conv: SpatialConv
    /** Told of each point: x, y, and with 3 its visibility. */
    numbers?: 2 | 3
  },
): PoseHead {
  const stems: Value[] = []
  const dense = decoupledHead(nn, features, hidden, classes, conv, 'silu', (stem) => stems.push(stem))
  const levels = stems.map((stem, i) =>
    nn.scope('head', () => {
      const tower = nn.scope(`kpt_convs.${i}`, () => conv('1', conv('0', stem, hidden, 3), hidden, 3))
      const raw = nn.conv2d(`kpt_preds.${i}`, tower, numbers * count, 1, { bias: true })
      return reshape(raw, [raw.shape[0], count, numbers, raw.shape[2] * raw.shape[3]])
    }),
  )
  return { ...dense, points: concat(levels, 3), sigmas }
}

/** Coordinates in input pixels, each [N, K, A]: (2 t + cell + .5) stride, without a sigmoid. */
export function decodePoints(points: Value, cells: Cells): { x: Value; y: Value; visibility: Value } {
  const [n, k, , a] = points.shape
  const row = (i: number) => reshape(slice(points, 2, i, i + 1), [n, k, a])
  const place = (t: Value, cell: Value) => mul(add(add(mul(t, 2), cell), 0.5), cells.stride)
  return { x: place(row(0), cells.x), y: place(row(1), cells.y), visibility: row(2) }
}

/** Inference output [N, A, 5 + classes + 3 K]: a detector's numbers, then x, y (input pixels) and visibility of each point. */
export function decodePose({ box, objectness, classes, points, cells }: PoseHead): Value {
  const { centre, extent } = decodeBoxes(box, cells)
  const { x, y, visibility } = decodePoints(points, cells)
  const [n, k, , a] = points.shape
  const column = (v: Value) => reshape(v, [n, k, 1, a])
  const rows = reshape(concat([column(x), column(y), column(sigmoid(visibility))], 2), [n, 3 * k, a])
  return transpose(concat([centre, extent, sigmoid(objectness), sigmoid(classes), rows], 1), [0, 2, 1])
}
