/** Writes a graph of ONNX ops as an ONNX model (IR 8, opset 17). Macros must have been lowered before. */
import { create, toBinary } from '@bufbuild/protobuf'
import { TagwrightError } from '../../base/errors'
import {
  type ConstData,
  type DType,
  type Graph,
  type Node,
  type OnnxAttr,
  type Shape,
  type Value,
  isConst,
  isInput,
} from '../graph'
import {
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './generated/onnx_pb'
import type { MessageInitShape } from '@bufbuild/protobuf'

export const OPSET = 17
export const elemType: Record<DType, number> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 }

export interface EncodeOptions {
  name?: string
  metadata?: Record<string, string>
  /** Dimensions of inputs and outputs to leave open, by value name: `{ images: { 0: 'batch' } }`. */
  symbolic?: Record<string, Record<number, string>>
  /** The same by value, for inner values too. */
  open?: ReadonlyMap<Value, Record<number, string>>
  /** Names for constants (weights) by value; constants built with a name keep it. */
  names?: ReadonlyMap<Value, string>
  /** Write the shapes of inner values too, for viewers. */
  valueInfo?: boolean
  docString?: string
  producerVersion?: string
}

type Init<T extends { $typeName: string }> = Partial<Omit<T, '$typeName' | '$unknown'>> & Record<string, unknown>

/** @returns the bytes of the .onnx file. */
export function encodeOnnx(graph: Graph, options: EncodeOptions = {}): Uint8Array {
  const nodes = graph.reachable()
  const names = new Map<Value, string>(options.names)
  for (const { outputs, attrs } of nodes)
    if (isConst(outputs[0]) && attrs.name !== undefined) names.set(outputs[0], attrs.name as string)
  const taken = new Set<string>(names.values())
  const unique = (wanted: string): string => {
    let name = wanted
    for (let i = 1; taken.has(name); i++) name = `${wanted}_${i}`
    taken.add(name)
    return name
  }
  for (const [name, value] of graph.inputs) names.set(value, name)
  for (const name of [...graph.inputs.keys(), ...graph.outputs.keys()]) taken.add(name)
  const protoNodes: Init<NodeProto>[] = []
  const aliases: [string, Value][] = []
  for (const [name, value] of graph.outputs) {
    if (names.has(value) || isConst(value)) aliases.push([name, value])
    else names.set(value, name)
  }
  const initializers: Init<TensorProto>[] = []
  const parameters = new Map<string, string>()
  const nameOf = (value: Value): string => {
    const known = names.get(value)
    if (known !== undefined) return known
    const name = unique(value.node.outputs.length > 1 ? `${value.node.path}:${value.index}` : value.node.path)
    names.set(value, name)
    return name
  }
  const parameter = (values: bigint[] | number[]): string => {
    const integer = typeof values[0] !== 'number'
    const key = `${integer ? 'i' : 'f'}[${values.join()}]`
    const known = parameters.get(key)
    if (known) return known
    const name = unique(`const/${key.length > 40 ? parameters.size : key}`)
    const scalar = !integer && values.length === 1
    const data = integer ? BigInt64Array.from(values as bigint[]) : Float32Array.from(values as number[])
    initializers.push(tensor(name, data, scalar ? [] : [values.length], integer ? 'int64' : 'float32'))
    parameters.set(key, name)
    return name
  }
  for (const node of nodes) {
    const [first] = node.outputs
    if (isInput(first)) continue
    if (isConst(first)) {
      initializers.push(tensor(nameOf(first), graph.data(first), first.shape, first.dtype))
      continue
    }
    if (node.op.onnx === 'macro')
      throw new TagwrightError('bad-graph', `${node.path} (${node.op.name}) was not lowered before ONNX was written.`)
    const form = node.op.onnx
    const extra = (form.constants?.(node.attrs, node) ?? []).map((values) => (values === null ? '' : parameter(values)))
    const attrs = form.attrs ? form.attrs(node.attrs, node) : {}
    protoNodes.push({
      name: unique(`/${node.path.replaceAll('.', '/')}`),
      opType: node.op.name,
      domain: form.domain ?? '',
      input: [...node.inputs.map((v) => (v ? nameOf(v) : '')), ...extra],
      output: node.outputs.map(nameOf),
      attribute: Object.entries(attrs).map(([name, value]) => attribute(name, value)) as never,
    })
  }
  for (const [name, value] of aliases)
    protoNodes.push({ name: unique(`/${name}`), opType: 'Identity', input: [nameOf(value)], output: [name] })
  const domains = new Set(nodes.map(domainOf))
  const info = (name: string, value: Value) =>
    valueInfo(name, value, { ...options.open?.get(value), ...options.symbolic?.[name] })
  const inner = nodes
    .flatMap((n) => (isInput(n.outputs[0]) || isConst(n.outputs[0]) ? [] : n.outputs))
    .filter((v) => ![...graph.outputs.values()].includes(v))
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'tagwright',
    producerVersion: options.producerVersion ?? '',
    docString: options.docString ?? '',
    opsetImport: [
      { domain: '', version: BigInt(OPSET) },
      ...[...domains].filter((d) => d !== '').map((domain) => ({ domain, version: 1n })),
    ],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: options.name ?? 'tagwright',
      node: protoNodes as never,
      initializer: initializers as never,
      input: [...graph.inputs].map(([name, value]) => info(name, value)) as never,
      output: [...graph.outputs].map(([name, value]) => info(name, value)) as never,
      valueInfo: (options.valueInfo ? inner.map((value) => info(nameOf(value), value)) : []) as never,
    },
  } as MessageInitShape<typeof ModelProtoSchema>)
  return toBinary(ModelProtoSchema, model)
}

const domainOf = (node: Node): string => (node.op.onnx === 'macro' ? '' : (node.op.onnx.domain ?? ''))

function tensor(name: string, data: ConstData, shape: Shape, dtype: DType): Init<TensorProto> {
  return {
    name,
    dims: shape.map(BigInt),
    dataType: elemType[dtype],
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }
}

function valueInfo(name: string, value: Value, symbolic: Record<number, string> = {}): Init<ValueInfoProto> {
  const dim = value.shape.map((d, i) => ({
    value: symbolic[i] ? { case: 'dimParam', value: symbolic[i] } : { case: 'dimValue', value: BigInt(d) },
  }))
  return {
    name,
    type: { value: { case: 'tensorType', value: { elemType: elemType[value.dtype], shape: { dim } } } } as never,
  }
}

function attribute(name: string, value: OnnxAttr) {
  if ('i' in value) return { name, type: Kind.INT, i: BigInt(value.i) }
  if ('f' in value) return { name, type: Kind.FLOAT, f: value.f }
  if ('s' in value) return { name, type: Kind.STRING, s: Uint8Array.from(value.s, (c) => c.charCodeAt(0)) }
  if ('ints' in value) return { name, type: Kind.INTS, ints: value.ints.map(BigInt) }
  return { name, type: Kind.FLOATS, floats: [...value.floats] }
}
