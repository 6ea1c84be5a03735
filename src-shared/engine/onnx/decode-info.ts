/**
 * What an ONNX file says about itself, without loading it into a runtime and without reading its weights. Sources: the
 * field numbers of onnx.proto (onnx/onnx, IR version 8). Hostile files cost time in proportion to their size, no more.
 */
import { TagwrightError } from '../../base/errors'
import { decodeText } from '../../base/text'
import { wireFields } from './wire-reader'

export interface OnnxValue {
  name: string
  /** float32, float16, uint8... or `type 12` for others; null when it is no tensor. */
  type: string | null
  /** Numbers, names of open dimensions, or null where nothing is said; null without a shape. */
  shape: (number | string | null)[] | null
}

export interface OnnxInfo {
  irVersion: number
  producer: string
  /** Version of the default operator set; 0 when the file states none. */
  opset: number
  /** Other operator sets by domain. */
  domains: Map<string, number>
  /** Fed by the caller: initializers are left out. */
  inputs: OnnxValue[]
  outputs: OnnxValue[]
  metadata: Map<string, string>
  /** How often each op occurs in the main graph. */
  ops: Map<string, number>
  nodes: number
  /** Files beside this one that hold weights, as written in the file. */
  externalFiles: string[]
}

/** More than any real file has; a hostile one shall not fill the memory with names. */
const limits = { names: 100_000, opTypes: 10_000, text: 16 << 20 }

const elementTypes: Record<number, string> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  16: 'bfloat16',
}

/** @throws `bad-model` when the bytes are no ONNX model, were cut off, or exceed what any model has. */
export function decodeOnnxInfo(bytes: Uint8Array): OnnxInfo {
  if (bytes.length === 0) throw bad('it is empty')
  try {
    return decodeModel(bytes)
  } catch (error) {
    if (error instanceof TagwrightError && error.code === 'bad-model') throw error
    throw bad(
      looksLikeOnnx(bytes) ? 'its structure is damaged; it may have been cut off' : 'its bytes are not in ONNX format',
    )
  }
}

/** Every ONNX file begins with its IR version (field 1, a small number). */
const looksLikeOnnx = (bytes: Uint8Array): boolean => bytes[0] === 8 && bytes[1] < 128

const bad = (reason: string): TagwrightError =>
  new TagwrightError('bad-model', `This file is not a usable ONNX model: ${reason}. Export the model again.`, {
    reason,
  })

function decodeModel(bytes: Uint8Array): OnnxInfo {
  const info: OnnxInfo = {
    irVersion: 0,
    producer: '',
    opset: 0,
    domains: new Map(),
    inputs: [],
    outputs: [],
    metadata: new Map(),
    ops: new Map(),
    nodes: 0,
    externalFiles: [],
  }
  let graph: Uint8Array | null = null
  for (const field of wireFields(bytes)) {
    if (field.number === 1 && !field.bytes) info.irVersion = Number(field.value)
    else if (field.number === 2) info.producer = text(field.bytes)
    else if (field.number === 7 && field.bytes) graph = field.bytes
    else if (field.number === 8 && field.bytes) readOpset(field.bytes, info)
    else if (field.number === 14 && field.bytes) readMetadata(field.bytes, info)
  }
  if (!graph) throw bad('it holds no graph')
  readGraph(graph, info)
  if (info.outputs.length === 0) throw bad('its graph has no outputs')
  return info
}

function readOpset(bytes: Uint8Array, info: OnnxInfo): void {
  let [domain, version] = ['', 0]
  for (const field of wireFields(bytes)) {
    if (field.number === 1) domain = text(field.bytes)
    else if (field.number === 2) version = Number(BigInt.asIntN(64, field.value))
  }
  if (domain === '' || domain === 'ai.onnx') info.opset = version
  else if (info.domains.size < 1000) info.domains.set(domain, version)
}

function readMetadata(bytes: Uint8Array, info: OnnxInfo): void {
  let [key, value] = ['', '']
  for (const field of wireFields(bytes)) {
    if (field.number === 1) key = text(field.bytes)
    else if (field.number === 2) value = text(field.bytes)
  }
  if (info.metadata.size < 10_000) info.metadata.set(key, value)
}

function readGraph(bytes: Uint8Array, info: OnnxInfo): void {
  const weights = new Set<string>()
  const external = new Set<string>()
  for (const { number, bytes: part } of wireFields(bytes)) {
    if (!part) continue
    if (number === 1) readNode(part, info)
    else if (number === 5) readTensor(part, weights, external)
    else if (number === 11) addValue(info.inputs, part)
    else if (number === 12) addValue(info.outputs, part)
    if (weights.size > limits.names) throw bad(`it has more than ${limits.names} weights`)
  }
  info.inputs = info.inputs.filter(({ name }) => !weights.has(name))
  info.externalFiles = [...external]
}

function readNode(bytes: Uint8Array, info: OnnxInfo): void {
  info.nodes++
  for (const field of wireFields(bytes)) {
    if (field.number !== 4) continue
    const op = text(field.bytes)
    if (info.ops.has(op) || info.ops.size < limits.opTypes) info.ops.set(op, (info.ops.get(op) ?? 0) + 1)
  }
}

/** Name and, when the numbers are elsewhere, the file that holds them. */
function readTensor(bytes: Uint8Array, weights: Set<string>, external: Set<string>): void {
  let location: string | null = null
  let elsewhere = false
  for (const field of wireFields(bytes)) {
    if (field.number === 8) weights.add(text(field.bytes))
    else if (field.number === 14) elsewhere = field.value === 1n
    else if (field.number === 13 && field.bytes) {
      let [key, value] = ['', '']
      for (const entry of wireFields(field.bytes)) {
        if (entry.number === 1) key = text(entry.bytes)
        else if (entry.number === 2) value = text(entry.bytes)
      }
      if (key === 'location') location = value
    }
  }
  if (elsewhere && external.size < 1000) external.add(location ?? '')
}

function addValue(values: OnnxValue[], bytes: Uint8Array): void {
  if (values.length >= limits.opTypes) throw bad(`it has more than ${limits.opTypes} inputs or outputs`)
  const value: OnnxValue = { name: '', type: null, shape: null }
  for (const field of wireFields(bytes)) {
    if (field.number === 1) value.name = text(field.bytes)
    else if (field.number === 2 && field.bytes) {
      for (const kind of wireFields(field.bytes)) if (kind.number === 1 && kind.bytes) readTensorType(kind.bytes, value)
    }
  }
  values.push(value)
}

function readTensorType(bytes: Uint8Array, value: OnnxValue): void {
  for (const field of wireFields(bytes)) {
    if (field.number === 1) value.type = elementTypes[Number(field.value)] ?? `type ${field.value}`
    else if (field.number === 2 && field.bytes) {
      const shape: OnnxValue['shape'] = []
      for (const dim of wireFields(field.bytes)) {
        if (dim.number !== 1 || !dim.bytes) continue
        let size: number | string | null = null
        for (const part of wireFields(dim.bytes)) {
          if (part.number === 1) size = Number(BigInt.asIntN(64, part.value))
          else if (part.number === 2) size = text(part.bytes) || null
        }
        // Some exporters write open dimensions as -1 or 0.
        shape.push(typeof size === 'number' && size <= 0 ? null : size)
        if (shape.length > 64) throw bad('one of its values has more than 64 dimensions')
      }
      value.shape = shape
    }
  }
}

function text(bytes: Uint8Array | null): string {
  if (!bytes) return ''
  if (bytes.length > limits.text) throw bad('one of its texts is larger than 16 MB')
  return decodeText(bytes)
}
