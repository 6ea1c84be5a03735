/** What the rules of the import see of the file and of the graph that is being built. */
import { TagwrightError } from '../../../base/errors'
import { type DType, type Graph, type Value, size } from '../../graph'
import type { OnnxNode } from '../decode'
import type { OnnxTensor } from '../decode-tensor'
import { toFloats } from '../constants'

/** Values of one node's outputs, or constants where the result is known while importing. */
export type ImportRule = (at: NodeContext) => readonly (Value | OnnxTensor)[]

/** What a rule throws in plain words; the import adds which node it was. */
export class Unsupported extends Error {}

export class NodeContext {
  readonly node: OnnxNode
  readonly graph: Graph
  readonly opset: number
  private readonly lookup: (name: string) => Value | OnnxTensor

  constructor(node: OnnxNode, graph: Graph, opset: number, lookup: (name: string) => Value | OnnxTensor) {
    this.node = node
    this.graph = graph
    this.opset = opset
    this.lookup = lookup
  }

  has(i: number): boolean {
    return !!this.node.inputs[i]
  }
  /** Input `i` as a value of the graph. */
  input(i: number): Value {
    const found = this.raw(i)
    return isTensor(found) ? constantOf(this.graph, found) : found
  }
  raw(i: number): Value | OnnxTensor {
    const name = this.node.inputs[i]
    if (!name) throw new Unsupported(`its input ${i} is missing`)
    return this.lookup(name)
  }
  /** Input `i` where it is known while importing, else null. */
  known(i: number): OnnxTensor | null {
    const found = this.has(i) ? this.raw(i) : null
    return found && isTensor(found) ? found : null
  }
  /** Whole numbers of a known input. @throws when they depend on the network's input. */
  ints(i: number, what: string): number[] {
    const tensor = this.known(i)
    if (!tensor) throw new Unsupported(`its ${what} depends on the network's input`)
    return Array.from(tensor.data as ArrayLike<number | bigint>, Number)
  }
  int(name: string, fallback: number): number {
    const a = this.node.attributes.get(name)
    return a?.kind === 'int' ? a.value : fallback
  }
  float(name: string, fallback: number): number {
    const a = this.node.attributes.get(name)
    return a?.kind === 'float' || a?.kind === 'int' ? a.value : fallback
  }
  text(name: string, fallback: string): string {
    const a = this.node.attributes.get(name)
    return a?.kind === 'string' ? a.value : fallback
  }
  list(name: string): number[] | null {
    const a = this.node.attributes.get(name)
    return a?.kind === 'ints' || a?.kind === 'floats' ? a.value : null
  }
  /** Axes given as an attribute in old operator sets and as an input in new ones; null when neither is there. */
  axes(i: number, rank: number, name = 'axes'): number[] | null {
    const given = this.list(name) ?? (this.has(i) ? this.ints(i, name) : null)
    return given && given.map((a) => (a < 0 ? a + rank : a))
  }
  axis(rank: number, fallback: number): number {
    const a = this.int('axis', fallback)
    return a < 0 ? a + rank : a
  }
}

export const isTensor = (v: Value | OnnxTensor): v is OnnxTensor => 'data' in v

export const intTensor = (values: readonly number[], dims: readonly number[] = [values.length]): OnnxTensor => ({
  name: '',
  type: 'int64',
  dims: [...dims],
  data: BigInt64Array.from(values, BigInt),
})

/** A known tensor as a constant of the graph. Number types that the engine does not have become wider ones. */
export function constantOf(graph: Graph, tensor: OnnxTensor): Value {
  const { data, dims, type } = tensor
  if (data instanceof BigInt64Array) return graph.constant(data, dims)
  const as: Partial<Record<string, DType>> = { bool: 'bool', uint8: 'uint8', int32: 'int32' }
  const dtype = as[type] ?? (type.startsWith('float') || type === 'bfloat16' ? 'float32' : 'int32')
  if (dtype === 'float32') return graph.constant(toFloats(tensor), dims)
  const numbers = data as Exclude<typeof data, BigInt64Array>
  return graph.constant(dtype === 'int32' ? Int32Array.from(numbers) : Uint8Array.from(numbers), dims, dtype)
}

export const rankOf = (v: Value): number => v.shape.length
export const countOf = (v: Value): number => size(v.shape)

export const unsupported = (node: OnnxNode, path: string, reason: string, cause?: unknown): TagwrightError =>
  new TagwrightError(
    'unsupported-op',
    `The node ${path} (${node.domain ? `${node.domain}.` : ''}${node.op}) cannot be imported: ${reason}. Export the model without it, or cut the network before it.`,
    { node: path, op: node.op, reason },
    { cause },
  )
