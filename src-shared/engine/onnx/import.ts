/**
 * Makes a Graph of an ONNX file: shapes are inferred, whole-number arithmetic about shapes is computed, and the file's
 * weights become named inputs, so that the same gradient rules train what others made.
 */
import { TagwrightError } from '../../base/errors'
import { Graph, type Shape, type Value, isConst, isInput } from '../graph'
import type { OnnxGraph, OnnxModel, OnnxNode } from './decode'
import { toFloats } from './constants'
import type { OnnxTensor } from './decode-tensor'
import { arithmeticRules } from './import/arithmetic'
import { type ImportRule, NodeContext, constantOf, isTensor, unsupported } from './import/context'
import { findScales, quantizedRules } from './import/quantized'
import { shapeRules } from './import/shapes'
import { spatialRules } from './import/spatial'

export interface ImportOptions {
  /** Numbers for open dimensions, by their names; an unnamed or unlisted one is 1. */
  dimensions?: Readonly<Record<string, number>>
  /** Whole shapes by input name, where the file's own do not do. */
  shapes?: Readonly<Record<string, readonly number[]>>
  /** Nodes that cannot be imported are left out, with all that depends on them. */
  partial?: boolean
}

export interface ImportedGraph {
  graph: Graph
  /** Fed by the caller, in the file's order. */
  inputs: Value[]
  /** By the file's names; also set as outputs of the graph. */
  outputs: Map<string, Value>
  /** Numbers of the inputs that are weights, by name. */
  tensors: Map<string, Float32Array>
  /** Shapes of the values that nodes make of the inputs, by the file's names. */
  values: Map<string, Shape>
  /** All that nodes make, numbers that are known while importing included, by the file's names. */
  results: ReadonlyMap<string, Value | OnnxTensor>
  /** `partial` only: what was left out, and why. */
  problems: TagwrightError[]
}

/** Standard operator sets that are read: older ones have other meanings, newer ones do not exist yet. */
const OPSETS: readonly [number, number] = [7, 25]

const standard: Readonly<Record<string, ImportRule>> = { ...arithmeticRules, ...shapeRules, ...spatialRules }

/** Ops that an import can make, for messages and docs. */
export const importedOps = (): string[] =>
  [
    ...Object.keys(standard),
    'DynamicQuantizeLinear',
    'QuantizeLinear',
    'DequantizeLinear',
    'ConvInteger',
    'MatMulInteger',
  ].sort()

/**
 * @param roots outputs, or inner values of the file, that are wanted; default all outputs.
 * @throws `unsupported-op` naming the node and what is wrong with it; `bad-model` (cycles, missing values, wrong shapes);
 *   `unsupported-opset`.
 */
export function importOnnx(
  { info, graph: file }: OnnxModel,
  { dimensions = {}, shapes = {}, partial = false }: ImportOptions = {},
  roots: readonly string[] = info.outputs.map(({ name }) => name),
): ImportedGraph {
  if (info.opset < OPSETS[0] || info.opset > OPSETS[1])
    throw new TagwrightError(
      'unsupported-opset',
      `The file uses operator set ${info.opset}; sets ${OPSETS[0]} to ${OPSETS[1]} are read. Export it with another one, such as 17.`,
      { opset: info.opset },
    )
  const graph = new Graph()
  const tensors = new Map<string, Float32Array>()
  const values = new Map<string, Value | OnnxTensor>()
  const used = new Map<string, Value>()
  const parameter = (name: string, tensor: OnnxTensor): Value => {
    const known = used.get(name)
    if (known) return known
    const value = graph.input(name, tensor.dims)
    tensors.set(name, toFloats(tensor))
    used.set(name, value)
    return value
  }
  /** A weight that is trained has more than one number; single ones are settings. */
  const isWeight = ({ type, dims, data }: OnnxTensor): boolean =>
    (type === 'float32' || type === 'float16' || type === 'bfloat16' || type === 'float64') &&
    dims.length > 0 &&
    data.length > 1
  const lookup = (name: string): Value | OnnxTensor => {
    const known = values.get(name)
    if (known) return known
    const held = file.initializers.get(name)
    if (held) return held
    throw badGraph(`a node wants "${name.slice(0, 100)}", which nothing makes`)
  }
  const inputs = info.inputs.map(({ name, type, shape }) => {
    if (type !== 'float32' && type !== 'uint8' && type !== 'int32' && type !== 'int64' && type !== 'bool')
      throw badGraph(`its input "${name.slice(0, 100)}" has numbers of type ${type}, which are not fed here`)
    const dims = shapes[name] ?? shape?.map((d) => (typeof d === 'number' ? d : ((d && dimensions[d]) ?? 1)))
    if (!dims) throw badGraph(`its input "${name.slice(0, 100)}" has no shape`)
    const value = graph.input(name, dims, type)
    values.set(name, value)
    return value
  })
  const scaleOf = findScales(file, (name) => file.initializers.get(name) ?? null)
  const quantized = quantizedRules((output) => {
    const found = scaleOf(output)
    return found && { scale: found.scale, take: () => values.set(found.product, one) }
  }, parameter)
  const problems: TagwrightError[] = []
  const lost = new Set<string>()
  for (const node of sortNodes(file, roots)) {
    if (!node.inputs.some((name) => lost.has(name))) {
      try {
        importNode(node)
        continue
      } catch (error) {
        if (!partial || !(error instanceof TagwrightError) || error.code !== 'unsupported-op') throw error
        problems.push(error)
      }
    }
    node.outputs.forEach((name) => lost.add(name))
  }
  const outputs = new Map(
    roots
      .filter((name) => !lost.has(name))
      .map((name) => {
        const found = lookup(name)
        return [name, isTensor(found) ? constantOf(graph, found) : found]
      }),
  )
  for (const [name, value] of outputs) graph.output(name, value)
  const made = [...values].flatMap(([name, value]) => (isTensor(value) ? [] : [[name, value.shape] as const]))
  return { graph, inputs, outputs, tensors, values: new Map(made), results: values, problems }

  function importNode(node: OnnxNode): void {
    const path = node.name || node.outputs[0]
    const rule = node.domain === '' ? (standard[node.op] ?? quantized[node.op]) : undefined
    if (!rule) throw unsupported(node, path, reasons[node.op] ?? 'this op is not known here')
    const at = new NodeContext(node, graph, info.opset, (name) => weightOrKnown(node, name))
    let results: readonly (Value | OnnxTensor)[]
    try {
      results = graph.scope(scopeName(path), () => rule(at))
    } catch (error) {
      if (error instanceof TagwrightError && error.code !== 'bad-graph') throw error
      throw unsupported(node, path, (error as Error).message, error)
    }
    node.outputs.forEach((name, i) => {
      if (name && results[i] && !(values.has(name) && isTaken(name))) values.set(name, results[i])
    })
  }
  /** Rules see weights as values; settings (sizes, scales, limits) as what they are. */
  function weightOrKnown(node: OnnxNode, name: string): Value | OnnxTensor {
    const found = lookup(name)
    if (!isTensor(found) || !isWeight(found)) return found
    return trains(node, name) ? parameter(name, found) : found
  }
  function isTaken(name: string): boolean {
    return values.get(name) === one
  }
}

const one: OnnxTensor = { name: '', type: 'float32', dims: [], data: Float32Array.of(1) }

/** Inputs that hold weights, by op; of other ops all float initializers may be. */
const settings: Readonly<Record<string, readonly number[]>> = {
  Resize: [1, 2, 3],
  Upsample: [1],
  Clip: [1, 2],
  Pad: [1, 2],
  DynamicQuantizeLinear: [],
  DequantizeLinear: [0, 1, 2],
  QuantizeLinear: [1, 2],
}
const trains = (node: OnnxNode, name: string): boolean => !settings[node.op]?.includes(node.inputs.indexOf(name))

/** What more can be said about ops that are left out on purpose. */
const reasons: Readonly<Record<string, string>> = {
  NonMaxSuppression: 'how many boxes it keeps is known only when it runs, and graphs here have fixed shapes',
  NonZero: 'how many numbers it finds is known only when it runs, and graphs here have fixed shapes',
  If: 'which of its branches runs is known only when it runs',
  Loop: 'how often it runs is known only when it runs',
}

const scopeName = (path: string): string => path.replace(/^\/+/, '').replaceAll('/', '.')

const badGraph = (reason: string): TagwrightError =>
  new TagwrightError('bad-model', `This file is not a usable ONNX model: ${reason}. Export the model again.`, {
    reason,
  })

/** Nodes that the roots need, each after those it depends on. @throws `bad-model` when they form a cycle. */
function sortNodes(file: OnnxGraph, roots: readonly string[]): OnnxNode[] {
  const producers = new Map<string, OnnxNode>()
  for (const node of file.nodes)
    for (const name of node.outputs) {
      if (name && producers.has(name)) throw badGraph(`two nodes make "${name.slice(0, 100)}"`)
      producers.set(name, node)
    }
  const sorted: OnnxNode[] = []
  const state = new Map<OnnxNode, 'open' | 'done'>()
  for (const root of roots) {
    const start = producers.get(root)
    const stack: [node: OnnxNode, next: number][] = start && !state.has(start) ? [[start, 0]] : []
    while (stack.length) {
      const top = stack[stack.length - 1]
      const [node, next] = top
      state.set(node, 'open')
      if (next === node.inputs.length) {
        state.set(node, 'done')
        sorted.push(node)
        stack.pop()
        continue
      }
      top[1]++
      const before = producers.get(node.inputs[next])
      if (!before || !node.inputs[next]) continue
      if (state.get(before) === 'open')
        throw badGraph(`its nodes form a cycle through "${before.name || before.outputs[0]}"`)
      if (!state.has(before)) stack.push([before, 0])
    }
  }
  return sorted
}

/** Ops without a gradient between weights and a value, for the report of what cannot be trained. */
export function untrainable(value: Value): { path: string; op: string; reason: string }[] {
  const { graph } = value.node
  const nodes = graph.reachable([value])
  const moving = new Set<Value>()
  const found: { path: string; op: string; reason: string }[] = []
  for (const node of nodes) {
    const [first] = node.outputs
    if (isConst(first)) continue
    if (!isInput(first) && !node.inputs.some((v) => v && moving.has(v))) continue
    for (const v of node.outputs) moving.add(v)
    if (!isInput(first) && 'none' in node.op.grad)
      found.push({ path: node.path, op: node.op.name, reason: node.op.grad.none })
  }
  return found
}
