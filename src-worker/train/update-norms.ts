/**
 * The pass that gives averaged weights the running statistics of their norms: training images go through the network as in
 * training, and the statistics of all batches are averaged, as torch.optim.swa_utils.update_bn does.
 */
import { frozenNames } from '@shared/catalog/frozen-names'
import { type ModelDef, channelsOf } from '@shared/catalog/models/define'
import { Graph } from '@shared/engine/graph'
import { Nn } from '@shared/engine/nn'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { inferenceGraph } from '@shared/engine/passes/inference'
import type { EvalBatch } from '../data/types'
import { openSession, tensor } from '../runtime/session'
import type { Tensors } from './stepper'

export type NormBatch = Pick<EvalBatch, 'images' | 'count' | 'release'>

export interface UpdateNormsOptions {
  model: ModelDef
  params: Record<string, unknown>
  classes: number
  batch: number
  size: readonly [number, number]
  /** Norms of frozen parts keep theirs. */
  freeze: readonly string[]
  /** Training images as the model takes them. */
  batches: AsyncIterable<NormBatch>
  signal?: AbortSignal
}

/** @returns `tensors` with the statistics replaced; the same where the model has no norms. */
export async function updateNorms(tensors: Tensors, options: UpdateNormsOptions): Promise<Tensors> {
  const { model, params, classes, batch, size, batches: given, signal } = options
  const source = new Graph()
  const nn = new Nn(source, true, frozenNames(model, params, options.freeze))
  model.build(nn, source.input('images', [batch, channelsOf(model, params), ...size]), { classes, params })
  const stats = [...nn.stats.values()].filter((stat) => stat.batch)
  if (stats.length === 0) return tensors
  const roots = stats.map((stat) => stat.batch!)
  const { graph, roots: values } = inferenceGraph(source, roots, { tensors, fold: true })
  stats.forEach(({ name }, i) => graph.output(name, values[i]))
  const session = await openSession(encodeOnnx(graph), { provider: 'cpu' })
  const sums = new Map(stats.map(({ name, shape }) => [name, new Float64Array(shape.reduce((a, b) => a * b, 1))]))
  let batches = 0
  try {
    for await (const { images, count, release } of given) {
      signal?.throwIfAborted()
      // Border images of a last, partly filled batch would count as data.
      const isWhole = count === batch || batches === 0
      const outputs = isWhole
        ? await session.run({
            images: tensor('float32', images as Float32Array, [batch, channelsOf(model, params), ...size]),
          })
        : null
      release()
      if (!outputs) continue
      batches++
      for (const { name, factor } of stats) {
        const now = outputs[name].data as Float32Array
        const sum = sums.get(name)!
        for (let i = 0; i < sum.length; i++) sum[i] += factor * now[i]
      }
    }
  } finally {
    await session.close()
  }
  return new Map([...tensors, ...[...sums].map(([name, sum]) => [name, Float32Array.from(sum, (v) => v / batches)] as const)]) // prettier-ignore
}
