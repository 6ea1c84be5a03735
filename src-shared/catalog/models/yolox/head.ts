/** YOLOX's decoupled, anchor-free head, and the decoding of its output. */
import type { Graph, Value } from '../../../engine/graph'
import type { Activation, Nn } from '../../../engine/nn'
import { add, concat, exp, mul, reshape, sigmoid, slice, transpose } from '../../../engine/ops'
import type { Features, SpatialConv } from './parts'

/** One prediction per cell of the strides (8, 16, 32 of YOLOX), row-major in (y, x), levels one after another: A cells in all. */
export interface DenseHead {
  /** Raw tx, ty, tw, th: [N, 4, A]. */
  box: Value
  /** Objectness logit: [N, 1, A]. */
  objectness: Value
  /** Class logits: [N, classes, A]. */
  classes: Value
  cells: Cells
}
/** Constants [1, 1, A]: cell column, cell row and stride in pixels. */
export interface Cells {
  x: Value
  y: Value
  stride: Value
  count: number
}

export const STRIDES = [8, 16, 32] as const

/** @param sides height and width of each level's map. */
export function makeCells(
  graph: Graph,
  sides: readonly (readonly [number, number])[],
  strides: readonly number[] = STRIDES,
): Cells {
  const xs: number[] = []
  const ys: number[] = []
  const steps: number[] = []
  sides.forEach(([h, w], level) => {
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        xs.push(x)
        ys.push(y)
        steps.push(strides[level])
      }
  })
  const column = (values: number[]) => graph.constant(values, [1, 1, values.length])
  return { x: column(xs), y: column(ys), stride: column(steps), count: xs.length }
}

export function decoupledHead(
  nn: Nn,
  features: Features,
  hidden: number,
  classes: number,
  conv: SpatialConv,
  activation: Activation = 'silu',
  /** Hears of the stem of each level, for further towers. */
  onStem: (stem: Value) => void = () => {},
): DenseHead {
  // Prior probability .01: the first steps are not drowned by background.
  const prior = -Math.log((1 - 1e-2) / 1e-2)
  const levels = [features.p3, features.p4, features.p5]
  const parts = levels.map((x, i) =>
    nn.scope('head', () => {
      const stem = nn.convBn(`stems.${i}`, x, hidden, 1, { activation })
      onStem(stem)
      const tower = (name: string) => nn.scope(`${name}.${i}`, () => conv('1', conv('0', stem, hidden, 3), hidden, 3))
      const cls = tower('cls_convs')
      const reg = tower('reg_convs')
      const flat = (v: Value) => reshape(v, [v.shape[0], v.shape[1], v.shape[2] * v.shape[3]])
      return {
        classes: flat(nn.conv2d(`cls_preds.${i}`, cls, classes, 1, { bias: true, biasInit: prior })),
        box: flat(nn.conv2d(`reg_preds.${i}`, reg, 4, 1, { bias: true })),
        objectness: flat(nn.conv2d(`obj_preds.${i}`, reg, 1, 1, { bias: true, biasInit: prior })),
      }
    }),
  )
  const join = (pick: (p: (typeof parts)[number]) => Value) => concat(parts.map(pick), 2)
  return {
    box: join((p) => p.box),
    objectness: join((p) => p.objectness),
    classes: join((p) => p.classes),
    cells: makeCells(
      nn.graph,
      levels.map((v) => [v.shape[2], v.shape[3]]),
    ),
  }
}

/** Centre and size in input pixels, each [N, 2, A] as (cx, cy) and (w, h). */
export function decodeBoxes(box: Value, cells: Cells): { centre: Value; extent: Value } {
  const offset = concat([cells.x, cells.y], 1)
  const [xy, wh] = [sliceRows(box, 0, 2), sliceRows(box, 2, 4)]
  return { centre: mul(add(xy, offset), cells.stride), extent: mul(exp(wh), cells.stride) }
}

/** Inference output [N, A, 5 + classes]: cx, cy, w, h in input pixels, objectness and class probabilities. */
export function decodeOutput({ box, objectness, classes, cells }: DenseHead): Value {
  const { centre, extent } = decodeBoxes(box, cells)
  return transpose(concat([centre, extent, sigmoid(objectness), sigmoid(classes)], 1), [0, 2, 1])
}

const sliceRows = (v: Value, from: number, to: number): Value => slice(v, 1, from, to)
