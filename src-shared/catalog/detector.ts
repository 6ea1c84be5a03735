/** Detection models: their training program, and their parameters without one. */
import { Graph } from '../engine/graph'
import { Nn, type ParamSpec } from '../engine/nn'
import type { Program } from '../engine/step'
import { type ModelDef, channelsOf } from './models/define'
import { type ProgramOptions, trainingProgram } from './training-program'

export interface DetectorProgramOptions extends Omit<ProgramOptions, 'loss'> {
  iou?: 'iou' | 'giou'
}

/** Inputs beside the state: `images` (uint8), `targets` [N, M, 5] with any M, scalar `useL1`, `lr0`... */
export const detectorProgram = ({ iou = 'iou', ...options }: DetectorProgramOptions): Program =>
  trainingProgram({ ...options, loss: { iou } })

/** Parameters and statistics of a model without building its gradient. */
export function describeModel(
  model: ModelDef,
  classes: number,
  params: Record<string, unknown> = {},
): { params: ParamSpec[]; nn: Nn } {
  const graph = new Graph()
  const nn = new Nn(graph, false)
  const side = 2 * model.stride
  model.build(nn, graph.input('images', [1, channelsOf(model, params), side, side]), { classes, params })
  return { params: [...nn.params.values()], nn }
}
