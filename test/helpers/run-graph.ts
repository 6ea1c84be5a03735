/** Runs values of a graph in ONNX Runtime, lowered as a training program would be, on logical numbers. */
import { type Value, isInput, size } from '@shared/engine/graph'
import { lower, pack, unpack } from '@shared/engine/lower'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { stopGradient } from '@shared/engine/ops'
import { fuse } from '@shared/engine/passes/fuse'
import { type ConcreteProvider, openSession, tensor } from '../../src-worker/runtime/session'
import { packImages } from './pack'

export interface RunOptions {
  /** 0: plain NCHW; 8 or 16: blocked. */
  block?: number
  provider?: ConcreteProvider
  /** Inputs that are parameters. */
  params?: ReadonlySet<string>
  images?: ReadonlySet<string>
  /** For wanted values that are gradients or statistics: the parameter whose storage they take, by position. */
  storageOf?: readonly (string | null)[]
  /** Path prefix for a profile of the run. */
  profile?: string
}

const arrays = {
  float32: (v: ArrayLike<number>) => Float32Array.from(v),
  float16: (v: ArrayLike<number>) => Float32Array.from(v),
  int32: (v: ArrayLike<number>) => Int32Array.from(v),
  int64: (v: ArrayLike<number>) => BigInt64Array.from(Array.from(v, (n) => BigInt(n))),
  uint8: (v: ArrayLike<number>) => Uint8Array.from(v),
  bool: (v: ArrayLike<number>) => Uint8Array.from(v),
}

/** @returns the wanted values in logical order, and the op types of the program. */
export async function runGraph(
  wanted: readonly Value[],
  feeds: Readonly<Record<string, ArrayLike<number>>>,
  { block = 0, provider = 'cpu', params = new Set(), images = new Set(), storageOf = [], profile }: RunOptions = {},
): Promise<{ values: Float64Array[]; ops: string[]; domains: Set<string> }> {
  const { graph, roots } = fuse(
    wanted[0].node.graph,
    wanted.map((v) => (isInput(v) ? v : stopGradient(v))),
  )
  const lowering = lower(graph, roots, { block, params, images })
  const { target, storages, packings } = lowering
  roots.forEach((root, i) => {
    const name = storageOf[i]
    target.output(`y${i}`, name ? lowering.inStorageOf(root, storages.get(name)!) : lowering.plain(root))
  })
  const session = await openSession(encodeOnnx(target), { provider, profile })
  const inputs = Object.fromEntries(
    [...target.inputs]
      .filter(([name]) => session.inputs.includes(name))
      .map(([name, value]) => {
        const storage = storages.get(name)
        if (storage) return [name, tensor('float32', pack(storage, Float32Array.from(feeds[name])), value.shape)]
        const packing = packings.get(name)
        if (packing) {
          const shape = [...graph.inputs.get(name)!.shape]
          return [name, tensor('uint8', packImages(Float32Array.from(feeds[name]), shape, packing), value.shape)]
        }
        return [name, tensor(value.dtype as 'float32', arrays[value.dtype](feeds[name]), value.shape)]
      }),
  )
  const outputs = await session.run(inputs)
  if (profile) session.endProfiling()
  await session.close()
  const values = roots.map((root, i) => {
    const data = Float64Array.from(outputs[`y${i}`].data as ArrayLike<number>, Number)
    const name = storageOf[i]
    const logical = name ? Float64Array.from(unpack(storages.get(name)!, Float32Array.from(data))) : data
    if (logical.length !== size(root.shape))
      throw new Error(`output ${i} has ${logical.length} numbers, not [${root.shape}]`)
    return logical
  })
  const nodes = target.reachable()
  return {
    values,
    ops: nodes.map((n) => n.op.name),
    domains: new Set(nodes.map((n) => (n.op.onnx === 'macro' ? '' : (n.op.onnx.domain ?? '')))),
  }
}

/** Largest difference over the largest number of `expected`. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let scale = 0
  let worst = 0
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]))
    const difference = Math.abs(actual[i] - expected[i])
    if (!(difference <= worst)) worst = difference
  }
  return scale ? worst / scale : worst
}
