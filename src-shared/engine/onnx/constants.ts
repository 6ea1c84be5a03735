/** Values of an ONNX graph that do not depend on its inputs, as far as weights need them: constants, copies, dequantised. */
import { size } from '../graph'
import type { OnnxGraph, OnnxNode } from './decode'
import type { OnnxTensor } from './decode-tensor'

export interface FloatTensor {
  dims: readonly number[]
  data: Float32Array
}

export class ConstantReader {
  private readonly graph: OnnxGraph
  private readonly producers = new Map<string, OnnxNode>()

  constructor(graph: OnnxGraph) {
    this.graph = graph
    for (const node of graph.nodes) for (const name of node.outputs) this.producers.set(name, node)
  }

  /** The tensor as the file holds it; null when it is computed. */
  tensor(name: string): OnnxTensor | null {
    const held = this.graph.initializers.get(name)
    if (held) return held
    const node = this.producers.get(name)
    if (node?.op === 'Constant') {
      const value = node.attributes.get('value')
      return value?.kind === 'tensor' ? value.value : null
    }
    return null
  }

  /** Numbers as float32; null when they depend on the input or are no numbers of this kind. */
  floats(name: string, depth = 0): FloatTensor | null {
    const held = this.tensor(name)
    if (held) return { dims: held.dims, data: toFloats(held) }
    const node = this.producers.get(name)
    if (!node || depth > 8) return null
    if (node.op === 'Identity') return this.floats(node.inputs[0], depth + 1)
    if (node.op === 'DequantizeLinear') return this.dequantized(node, depth)
    return null
  }

  private dequantized({ inputs: [x, scale, zero], attributes }: OnnxNode, depth: number): FloatTensor | null {
    const [numbers, scales] = [this.tensor(x), this.floats(scale, depth + 1)]
    const zeros = zero ? this.tensor(zero) : null
    if (!numbers || !scales) return null
    const axis = attributes.get('axis')
    return dequantize(numbers, scales.data, zeros && toFloats(zeros), axis?.kind === 'int' ? axis.value : 1)
  }
}

export function toFloats({ data }: OnnxTensor): Float32Array {
  if (data instanceof Float32Array) return data
  return data instanceof BigInt64Array ? Float32Array.from(data, Number) : Float32Array.from(data)
}

/** (x - zero) scale, with one scale, or one for each index of an axis. */
export function dequantize(x: OnnxTensor, scale: Float32Array, zero: Float32Array | null, axis: number): FloatTensor {
  const numbers = toFloats(x)
  const at = axis < 0 ? axis + x.dims.length : axis
  const inner = size(x.dims.slice(at + 1))
  const data = new Float32Array(numbers.length)
  for (let i = 0; i < data.length; i++) {
    const c = scale.length === 1 ? 0 : Math.floor(i / inner) % scale.length
    data[i] = (numbers[i] - (zero?.[zero.length === 1 ? 0 : c] ?? 0)) * scale[c]
  }
  return { dims: x.dims, data }
}
