/**
 * Reads a whole ONNX file: nodes, attributes and weights, as they are written. Source of the field numbers: onnx.proto
 * (onnx/onnx, IR version 8). Nothing in the file is trusted: every tensor must bring the bytes it declares, and memory
 * grows with the file, never with a number in it.
 */
import { TagwrightError } from '../../base/errors'
import { decodeText } from '../../base/text'
import { type OnnxInfo, decodeOnnxInfo } from './decode-info'
import { type OnnxTensor, type ReadExternal, readTensor } from './decode-tensor'
import { packedVarints, wireFields } from './wire-reader'

export type OnnxAttribute =
  | { kind: 'int'; value: number }
  | { kind: 'float'; value: number }
  | { kind: 'string'; value: string }
  | { kind: 'ints'; value: number[] }
  | { kind: 'floats'; value: number[] }
  | { kind: 'strings'; value: string[] }
  | { kind: 'tensor'; value: OnnxTensor }
  | { kind: 'graph'; value: OnnxGraph }
  /** A kind that no op read here uses (sparse tensors, lists of graphs). */
  | { kind: 'other' }

export interface OnnxNode {
  name: string
  op: string
  /** '' for the standard operators. */
  domain: string
  /** Names of values; '' where an optional one is left out. */
  inputs: string[]
  outputs: string[]
  attributes: Map<string, OnnxAttribute>
}

export interface OnnxGraph {
  nodes: OnnxNode[]
  /** Weights by name. */
  initializers: Map<string, OnnxTensor>
}

export interface OnnxModel {
  info: OnnxInfo
  graph: OnnxGraph
}

export type { ReadExternal } from './decode-tensor'

const DEEPEST = 16

/**
 * @param external reads weights kept beside the file.
 * @throws `bad-model` when the bytes are no ONNX model, are cut off or contradict themselves; `missing-external-data`.
 */
export function decodeOnnx(bytes: Uint8Array, external: ReadExternal = () => null): OnnxModel {
  const info = decodeOnnxInfo(bytes)
  try {
    let graph: OnnxGraph | null = null
    for (const field of wireFields(bytes))
      if (field.number === 7 && field.bytes) graph = readGraph(field.bytes, external, 0)
    return { info, graph: graph! }
  } catch (error) {
    if (error instanceof TagwrightError && error.code !== 'bad-protobuf') throw error
    throw badOnnx('its structure is damaged; it may have been cut off', error)
  }
}

export const badOnnx = (reason: string, cause?: unknown): TagwrightError =>
  new TagwrightError(
    'bad-model',
    `This file is not a usable ONNX model: ${reason}. Export the model again.`,
    { reason },
    { cause },
  )

function readGraph(bytes: Uint8Array, external: ReadExternal, depth: number): OnnxGraph {
  if (depth > DEEPEST) throw badOnnx(`its graphs are nested more than ${DEEPEST} deep`)
  const graph: OnnxGraph = { nodes: [], initializers: new Map() }
  for (const { number, bytes: part } of wireFields(bytes)) {
    if (!part) continue
    if (number === 1) graph.nodes.push(readNode(part, external, depth))
    else if (number === 5) {
      const tensor = readTensor(part, external)
      graph.initializers.set(tensor.name, tensor)
    }
  }
  return graph
}

function readNode(bytes: Uint8Array, external: ReadExternal, depth: number): OnnxNode {
  const node: OnnxNode = { name: '', op: '', domain: '', inputs: [], outputs: [], attributes: new Map() }
  for (const { number, bytes: part } of wireFields(bytes)) {
    if (!part) continue
    if (number === 1) node.inputs.push(decodeText(part))
    else if (number === 2) node.outputs.push(decodeText(part))
    else if (number === 3) node.name = decodeText(part)
    else if (number === 4) node.op = decodeText(part)
    else if (number === 5) {
      const [name, value] = readAttribute(part, external, depth)
      node.attributes.set(name, value)
    } else if (number === 7) node.domain = decodeText(part)
  }
  if (node.domain === 'ai.onnx') node.domain = ''
  return node
}

const float = (bits: bigint): number => {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint32(0, Number(bits), true)
  return view.getFloat32(0, true)
}
const signed = (value: bigint): number => Number(BigInt.asIntN(64, value))

function readAttribute(bytes: Uint8Array, external: ReadExternal, depth: number): [string, OnnxAttribute] {
  let name = ''
  let type = 0
  let value: OnnxAttribute = { kind: 'other' }
  const ints: number[] = []
  const floats: number[] = []
  const strings: string[] = []
  for (const field of wireFields(bytes)) {
    const { number, bytes: part } = field
    if (number === 1 && part) name = decodeText(part)
    else if (number === 20) type = Number(field.value)
    else if (number === 2 && !part) value = { kind: 'float', value: float(field.value) }
    else if (number === 3 && !part) value = { kind: 'int', value: signed(field.value) }
    else if (number === 4 && part) value = { kind: 'string', value: decodeText(part) }
    else if (number === 5 && part) value = { kind: 'tensor', value: readTensor(part, external) }
    else if (number === 6 && part) value = { kind: 'graph', value: readGraph(part, external, depth + 1) }
    else if (number === 7) {
      if (!part) floats.push(float(field.value))
      else {
        const view = new DataView(part.buffer, part.byteOffset, part.byteLength)
        for (let at = 0; at + 4 <= part.length; at += 4) floats.push(view.getFloat32(at, true))
      }
    } else if (number === 8) {
      if (!part) ints.push(signed(field.value))
      else for (const packed of packedVarints(part)) ints.push(signed(packed))
    } else if (number === 9 && part) strings.push(decodeText(part))
  }
  // Writers leave out numbers that are zero and texts that are empty: then only the type tells.
  if (type === 7 || ints.length) value = { kind: 'ints', value: ints }
  else if (type === 6 || floats.length) value = { kind: 'floats', value: floats }
  else if (type === 8 || strings.length) value = { kind: 'strings', value: strings }
  else if (value.kind === 'other') {
    if (type === 1) value = { kind: 'float', value: 0 }
    else if (type === 2) value = { kind: 'int', value: 0 }
    else if (type === 3) value = { kind: 'string', value: '' }
  }
  return [name, value]
}
