/** Finds the first op that turns finite numbers into NaN or infinity, after a training step has failed. */
import { channelsOf } from '@shared/catalog/models/define'
import { tasks } from '@shared/catalog/tasks'
import { type ProgramOptions, normalise } from '@shared/catalog/training-program'
import { Graph } from '@shared/engine/graph'
import { lower } from '@shared/engine/lower'
import { Nn } from '@shared/engine/nn'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { mul, reduceSum } from '@shared/engine/ops'
import { openSession, tensor } from '../runtime/session'
import type { Tensors } from './stepper'

export interface FailedBatch {
  /** [N, 3, H, W], 0..255, or the planes of such tasks. */
  pixels: Float32Array
  /** Inputs of the task by name. */
  feeds: Record<string, { data: Float32Array; shape: readonly number[] }>
  /** Most objects of an image. */
  rows: number
}

/** @returns path of the op in the forward pass or the loss, or null when only the gradient is not finite. */
export async function findNonFinite(
  options: ProgramOptions,
  weights: Tensors,
  batch: FailedBatch,
): Promise<string | null> {
  const graph = new Graph()
  // Batch statistics everywhere: running ones are not among the weights, and hide little that is not finite.
  const nn = new Nn(graph, true)
  const n = options.batch
  const images = graph.input('images', [n, channelsOf(options.model, options.params), ...options.size])
  const { model, classes, params = {}, loss: settings = {} } = options
  const seen = tasks.get(model.task).pixels === 'planes' ? images : normalise(images, model.input)
  const output = model.build(nn, seen, { classes, params })
  const { total } = tasks.get(model.task).loss({ output, graph, batch: n, rows: batch.rows, classes, settings })
  const lowering = lower(graph, [total], { block: 0, params: new Set(), images: new Set() })
  const checked = graph
    .reachable([total])
    .filter((node) => node.outputs[0].dtype === 'float32' && node.inputs.length > 0)
  for (const node of checked) {
    const value = lowering.plain(node.outputs[0])
    // Zero times NaN or infinity is NaN, zero times anything else is zero.
    lowering.target.output(
      `check${node.id}`,
      reduceSum(
        mul(value, 0),
        value.shape.map((_, i) => i),
      ),
    )
  }
  const session = await openSession(encodeOnnx(lowering.target), { provider: 'cpu' })
  try {
    const feeds = {
      images: tensor('float32', batch.pixels, images.shape),
      ...Object.fromEntries(
        Object.entries(batch.feeds).map(([name, { data, shape }]) => [name, tensor('float32', data, shape)]),
      ),
      ...Object.fromEntries(
        [...nn.params.values()].map((p) => [p.name, tensor('float32', weights.get(p.name)!, p.shape)]),
      ),
    }
    const outputs = await session.run(
      Object.fromEntries(session.inputs.map((name) => [name, feeds[name as keyof typeof feeds]])),
    )
    return checked.find((node) => Number.isNaN((outputs[`check${node.id}`].data as Float32Array)[0]))?.path ?? null
  } finally {
    await session.close()
  }
}
