/** Size and cost of a model, read from its graph. */
import type { ModelInfo } from '../contract/training'
import { Graph, size as sizeOf, type Node, type Value } from '../engine/graph'
import { Nn } from '../engine/nn'
import type { PoolAttrs } from '../engine/ops/pool'
import { modelOf } from './models'
import type { SurgeryEdit } from './surgery'
import { channelsOf } from './models/define'

/** @param size side of the square input, px. @param params settings of the model. @param surgery blocks put into it. */
export function modelInfo(
  id: string,
  classes: number,
  size: number,
  params: Record<string, unknown> = {},
  surgery: readonly SurgeryEdit[] = [],
): ModelInfo {
  const model = modelOf({ id, params, surgery })
  const graph = new Graph()
  const nn = new Nn(graph, false)
  const images = graph.input('images', [1, channelsOf(model, params), size, size])
  const output = model.output(model.build(nn, images, { classes, params }))
  const nodes = graph.reachable([output])
  const parameters = [...nn.params.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  return {
    id,
    title: model.title,
    task: model.task,
    source: model.source,
    parameters,
    gmacs: nodes.reduce((sum, node) => sum + multiplyAdds(node), 0) / 1e9,
    receptiveField: model.fieldOfView?.(params) ?? receptiveField(nodes, images),
    stride: model.stride,
    bytes: 4 * parameters,
  }
}

/** Convolutions and matrix products; what else there is costs little beside them. */
export function multiplyAdds({ op, inputs, outputs: [y] }: Node): number {
  if (op.name === 'Conv') return sizeOf(y.shape) * sizeOf(inputs[1]!.shape.slice(1))
  // Every input cell paints its patch of the output.
  if (op.name === 'ConvTranspose') return sizeOf(inputs[0]!.shape) * sizeOf(inputs[1]!.shape.slice(1))
  if (op.name === 'MatMul') return sizeOf(y.shape) * inputs[0]!.shape.at(-1)!
  return 0
}

interface Sight {
  /** Side of the area of the image that one cell sees, px; not cut at the image's edge. */
  field: number
  /** Pixels from one cell to the next. */
  jump: number
}

/** Largest side of what a cell of any feature map sees (Araujo et al. 2019, "Computing receptive fields of CNNs"). */
function receptiveField(nodes: readonly Node[], images: Value): number {
  const sights = new Map<Value, Sight>([[images, { field: 1, jump: 1 }]])
  let largest = 1
  const order = [...nodes].sort((a, b) => a.id - b.id)
  for (const node of order) {
    const seen = node.inputs.filter((input): input is Value => input !== null && sights.has(input))
    if (seen.length === 0) continue
    for (const y of node.outputs) {
      if (y.shape.length !== 4) continue
      const known = seen.map((x) => ({ x, ...sights.get(x)! }))
      const field = Math.max(...known.map((one) => one.field + (kernelOf(node) - 1) * one.jump))
      const [{ x, jump }] = known
      sights.set(y, { field, jump: (jump * x.shape[2]) / y.shape[2] })
      largest = Math.max(largest, field)
    }
  }
  return Math.round(largest)
}

/** Side in cells of what one output cell is made of. */
function kernelOf({ op, inputs, attrs }: Node): number {
  if (op.name === 'Conv') return (inputs[1]!.shape[2] - 1) * (attrs.dilations as [number, number])[0] + 1
  if (op.name === 'MaxPool' || op.name === 'AveragePool') return (attrs as unknown as PoolAttrs).kernel[0]
  if (op.name === 'Focus') return 2
  return 1
}
