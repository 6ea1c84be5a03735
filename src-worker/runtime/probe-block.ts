/** Finds out whether this CPU's ONNX Runtime has the blocked kernels that the fast lowering uses, and their block. */
import { Graph } from '@shared/engine/graph'
import { nchwcConv, reorderInput, reorderOutput } from '@shared/engine/lower/blocked/ops'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { openSession, tensor } from './session'

let known: Promise<number> | null = null

/** @returns the block (8 or 16), or 0 when the kernels are missing or give wrong numbers: then plain NCHW is used. */
export function probeBlock(): Promise<number> {
  return (known ??= probe())
}

async function probe(): Promise<number> {
  try {
    const block = await blockSize()
    return (block === 8 || block === 16) && (await isExact(block)) ? block : 0
  } catch {
    return 0
  }
}

/** ReorderInput rounds the channels up to the block; the runtime tells by the shape it returns. */
async function blockSize(): Promise<number> {
  const graph = new Graph()
  graph.output('y', reorderInput(graph.input('x', [1, 4, 1, 1])))
  const session = await openSession(encodeOnnx(graph, { symbolic: { y: { 1: 'block' } } }), {
    provider: 'cpu',
    threads: 1,
  })
  const { y } = await session.run({ x: tensor('float32', new Float32Array(4), [1, 4, 1, 1]) })
  await session.close()
  return y.dims[1]
}

/** A depth-wise 1x1 convolution with bias and sum, the work-horse of the lowering, against arithmetic done here. */
async function isExact(block: number): Promise<boolean> {
  const graph = new Graph()
  const shape = [1, block, 2, 2]
  const x = reorderInput(graph.input('x', shape))
  const factors = Float32Array.from({ length: block }, (_, i) => 1 + i / 4)
  const y = nchwcConv(x, graph.constant(factors, [block, 1, 1, 1]), {
    group: block,
    bias: graph.constant(factors, [block]),
    sum: x,
  })
  graph.output('y', reorderOutput(y, block))
  const session = await openSession(encodeOnnx(graph), { provider: 'cpu', threads: 1 })
  const data = Float32Array.from({ length: block * 4 }, (_, i) => i - 9)
  const result = (await session.run({ x: tensor('float32', data, shape) })).y.data as Float32Array
  await session.close()
  return data.every((v, i) => Math.abs(result[i] - (v * factors[i >> 2] + factors[i >> 2] + v)) < 1e-4)
}
