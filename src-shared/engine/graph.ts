/**
 * The intermediate representation: a graph of hash-consed nodes with static shapes.
 * A Value is one output of a Node; a Node applies an Op. Building the same node twice gives the same node.
 */
import { TagwrightError } from '../base/errors'

export type DType = 'float32' | 'float16' | 'int32' | 'int64' | 'uint8' | 'bool'
export type Shape = readonly number[]
export interface Type {
  readonly shape: Shape
  readonly dtype: DType
}
export type Attrs = Readonly<Record<string, unknown>>
/** float16 is held as the bits of its numbers. */
export type ConstData = Float32Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array

export interface Value extends Type {
  readonly id: number
  readonly node: Node
  /** Position among the node's outputs. */
  readonly index: number
}

export interface Node {
  readonly id: number
  readonly graph: Graph
  readonly op: Op
  readonly inputs: readonly (Value | null)[]
  readonly attrs: Attrs
  readonly outputs: readonly Value[]
  /** Where it was built: `backbone.dark2.conv`; becomes the ONNX node name. */
  readonly path: string
}

/** Gradients of a node's inputs, in order; null where nothing flows. */
export type GradRule = (at: {
  node: Node
  inputs: readonly Value[]
  outputs: readonly Value[]
  /** Gradient of the loss by each output; null where the loss does not depend on it. */
  gradients: readonly (Value | null)[]
}) => (Value | null)[]
export interface NoGradient {
  readonly none: string
}
/** States that an op has no gradient, and why. */
export const none = (reason: string): NoGradient => ({ none: reason })

/** How a node is written as ONNX: attributes, and parameters that ONNX wants as constant inputs. */
export interface OnnxForm {
  domain?: string
  attrs?: (attrs: Attrs, node: Node) => Record<string, OnnxAttr>
  /** Constant int64 (or float) inputs appended after the node's own. */
  constants?: (attrs: Attrs, node: Node) => (bigint[] | number[] | null)[]
}
export type OnnxAttr =
  { i: number } | { f: number } | { s: string } | { ints: readonly number[] } | { floats: readonly number[] }

export interface OpExample {
  inputs: { shape: Shape; dtype?: DType; low?: number; high?: number }[]
  attrs?: Attrs
}

/** One operation with all its facets. `onnx: 'macro'` means that a lowering replaces it before ONNX is written. */
export interface Op {
  readonly name: string
  infer(inputs: readonly (Type | null)[], attrs: Attrs): Type[]
  readonly grad: GradRule | NoGradient
  readonly onnx: OnnxForm | 'macro'
  /** For macros: the same result from ONNX ops in plain NCHW, on any provider. Inputs are values of the target graph. */
  readonly lower?: (at: { inputs: readonly Value[]; node: Node }) => readonly Value[]
  /** Cases for the gradient check and the runtime comparison. */
  readonly examples: readonly OpExample[]
}

export const size = (shape: Shape): number => shape.reduce((a, b) => a * b, 1)
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i])

const inputOp: Op = {
  name: 'Input',
  infer: (_, a) => [{ shape: a.shape as Shape, dtype: a.dtype as DType }],
  grad: none('graph input'),
  onnx: {},
  examples: [],
}
const constOp: Op = {
  name: 'Constant',
  infer: (_, a) => [{ shape: a.shape as Shape, dtype: a.dtype as DType }],
  grad: none('constant'),
  onnx: {},
  examples: [],
}

export const isInput = (v: Value): boolean => v.node.op === inputOp
export const isConst = (v: Value): boolean => v.node.op === constOp

export class Graph {
  /** In creation order, which is a topological order. */
  readonly nodes: Node[] = []
  readonly inputs = new Map<string, Value>()
  readonly outputs = new Map<string, Value>()
  private readonly consed = new Map<string, Node>()
  private readonly constData = new Map<Node, ConstData>()
  private readonly path: string[] = []
  private nextValue = 0

  /** Runs `build` with `name` appended to the path of every node built inside. */
  scope<T>(name: string, build: () => T): T {
    this.path.push(name)
    try {
      return build()
    } finally {
      this.path.pop()
    }
  }

  /** A fed tensor. Names are unique; asking again with the same type returns the same value. */
  input(name: string, shape: Shape, dtype: DType = 'float32'): Value {
    const known = this.inputs.get(name)
    if (known) {
      if (!sameShape(known.shape, shape) || known.dtype !== dtype)
        throw new TagwrightError(
          'bad-graph',
          `Input "${name}" is used as ${known.dtype}[${known.shape}] and as ${dtype}[${shape}].`,
        )
      return known
    }
    const value = this.add(inputOp, [], { name, shape, dtype }).outputs[0]
    this.inputs.set(name, value)
    return value
  }

  output(name: string, value: Value): void {
    if (this.outputs.has(name)) throw new TagwrightError('bad-graph', `Two outputs are named "${name}".`)
    this.outputs.set(name, value)
  }

  /**
   * A constant tensor; equal small constants are one node.
   * @param name makes it a named weight: never merged with an equal one, and written to files under this name.
   */
  constant(data: ConstData | readonly number[], shape: Shape, dtype?: DType, name?: string): Value {
    const array = ArrayBuffer.isView(data)
      ? (data as ConstData)
      : dtype === 'int32'
        ? Int32Array.from(data)
        : dtype === 'int64'
          ? BigInt64Array.from(data, BigInt)
          : dtype === 'bool' || dtype === 'uint8'
            ? Uint8Array.from(data)
            : Float32Array.from(data)
    const type: DType =
      dtype ??
      (array instanceof Int32Array
        ? 'int32'
        : array instanceof BigInt64Array
          ? 'int64'
          : array instanceof Uint8Array
            ? 'uint8'
            : 'float32')
    if (array.length !== size(shape))
      throw new TagwrightError('bad-graph', `A constant of shape [${shape}] was given ${array.length} numbers.`)
    const small = array.length <= 64
    const attrs: Attrs =
      name !== undefined
        ? { shape, dtype: type, name, unique: this.nextValue }
        : small
          ? { shape, dtype: type, data: Array.from(array as Iterable<number | bigint>, String).join() }
          : { shape, dtype: type, unique: this.nextValue }
    const before = this.nodes.length
    const node = this.add(constOp, [], attrs)
    if (this.nodes.length > before) this.constData.set(node, array)
    return node.outputs[0]
  }

  scalar(value: number): Value {
    return this.constant([value], [])
  }

  data(value: Value): ConstData {
    const data = this.constData.get(value.node)
    if (!data) throw new TagwrightError('bad-graph', `Value ${value.id} (${value.node.op.name}) is not a constant.`)
    return data
  }

  /** Applies an op; returns its outputs. Shapes are checked by the op's own rule. */
  apply(op: Op, inputs: readonly (Value | null)[], attrs: Attrs = {}): readonly Value[] {
    for (const input of inputs)
      if (input && input.node.graph !== this)
        throw new TagwrightError('bad-graph', `${op.name} mixes values of two graphs.`)
    return this.add(op, inputs, attrs).outputs
  }

  private add(op: Op, inputs: readonly (Value | null)[], attrs: Attrs): Node {
    const key = `${op.name}|${op.onnx === 'macro' ? '' : (op.onnx.domain ?? '')}|${inputs.map((v) => v?.id ?? '-').join()}|${JSON.stringify(attrs)}`
    const known = this.consed.get(key)
    if (known) return known
    const path = [...this.path, op.name].join('.')
    let types: Type[]
    try {
      types = op.infer(inputs, attrs)
    } catch (cause) {
      const seen = inputs.map((v) => (v ? `${v.dtype}[${v.shape}]` : 'none')).join(', ')
      throw new TagwrightError(
        'bad-graph',
        `${path} cannot take (${seen}): ${(cause as Error).message}`,
        { path },
        { cause },
      )
    }
    const outputs: Value[] = []
    const node: Node = { id: this.nodes.length, graph: this, op, inputs, attrs, outputs, path }
    types.forEach((type, index) =>
      outputs.push({ id: this.nextValue++, node, index, shape: type.shape, dtype: type.dtype }),
    )
    this.nodes.push(node)
    this.consed.set(key, node)
    return node
  }

  /** Nodes that the given values depend on (all outputs by default), in topological order. */
  reachable(roots: Iterable<Value> = this.outputs.values()): Node[] {
    const seen = new Set<Node>()
    const stack = [...roots].map((v) => v.node)
    for (let node = stack.pop(); node; node = stack.pop()) {
      if (seen.has(node)) continue
      seen.add(node)
      for (const input of node.inputs) if (input) stack.push(input.node)
    }
    return this.nodes.filter((node) => seen.has(node))
  }
}

/** Re-infers every node and compares with what is recorded; run after each pass. */
export function verify(graph: Graph): void {
  for (const node of graph.nodes) {
    const types = node.op.infer(node.inputs, node.attrs)
    const same =
      types.length === node.outputs.length &&
      types.every((t, i) => sameShape(t.shape, node.outputs[i].shape) && t.dtype === node.outputs[i].dtype)
    if (!same) throw new TagwrightError('bad-graph', `${node.path}: the recorded type is not the inferred one.`)
    for (const input of node.inputs)
      if (input && input.node.id >= node.id)
        throw new TagwrightError('bad-graph', `${node.path} uses a value that is built after it.`)
  }
}
