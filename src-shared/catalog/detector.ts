/** Puts a detection model and its loss together into a training program. */
import type { OptimizerDef } from '../engine/optimizer'
import { type Program, trainStep } from '../engine/step'
import type { ParamSpec } from '../engine/nn'
import { Graph } from '../engine/graph'
import { Nn } from '../engine/nn'
import { yoloxLoss } from './losses/yolox'
import type { ModelDef } from './models/define'

export interface DetectorProgramOptions {
  model: ModelDef
  params?: Record<string, unknown>
  classes: number
  batch: number
  /** Input height and width in pixels. */
  size: readonly [number, number]
  optimizer: OptimizerDef
  weightDecay: number
  clip?: number
  accumulate?: number
  iou?: 'iou' | 'giou'
  /** Prefixes of names: parameters that are not trained, norms that keep their statistics. */
  freeze?: readonly string[]
  /** Learning-rate groups by name prefix; the first match counts, group 0 is the rest. */
  groups?: readonly { prefix: string }[]
  /** 0: plain NCHW; 8 or 16: the CPU's blocked layout. */
  block: number
}

/** Inputs beside the state: `images` (uint8), `targets` [N, M, 5] with any M, scalar `useL1`, `lr0`... */
export function detectorProgram(options: DetectorProgramOptions): Program {
  const { model, classes, batch, size, optimizer, weightDecay, freeze = [], groups = [] } = options
  return trainStep({
    build(nn, graph) {
      const images = graph.input('images', [batch, 3, ...size])
      const head = model.build(nn, images, { classes, params: options.params ?? {} })
      // The number of ground truths is an open dimension; 8 stands in while shapes are inferred.
      const targets = graph.input('targets', [batch, 8, 5])
      return yoloxLoss(head, targets, graph.input('useL1', []), { iou: options.iou ?? 'iou' })
    },
    optimizer,
    group: (param) => ({
      decay: param.role === 'weight' ? weightDecay : 0,
      lr: groups.findIndex((g) => param.name.startsWith(g.prefix)) + 1,
    }),
    ...(freeze.length ? { frozen: (name: string) => freeze.some((prefix) => name.startsWith(prefix)) } : {}),
    learningRates: groups.length + 1,
    clip: options.clip ?? 0,
    accumulate: options.accumulate ?? 1,
    images: ['images'],
    block: options.block,
    symbolic: { targets: { 1: 'truths' } },
  })
}

/** Parameters and statistics of a model without building its gradient. */
export function describeModel(
  model: ModelDef,
  classes: number,
  params: Record<string, unknown> = {},
): { params: ParamSpec[]; nn: Nn } {
  const graph = new Graph()
  const nn = new Nn(graph, false)
  model.build(nn, graph.input('images', [1, 3, 64, 64]), { classes, params })
  return { params: [...nn.params.values()], nn }
}
