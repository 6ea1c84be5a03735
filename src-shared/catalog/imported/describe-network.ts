/** An ONNX file as the window draws it: nodes with shapes, costs and what training can do with them. */
import { TagwrightError } from '../../base/errors'
import type { Network, NetworkNode } from '../../contract/models'
import { type Value, isConst, isInput } from '../../engine/graph'
import { type OnnxGraph, type OnnxModel, type OnnxNode, badOnnx } from '../../engine/onnx/decode'
import type { OnnxTensor } from '../../engine/onnx/decode-tensor'
import { type ImportedGraph, importOnnx } from '../../engine/onnx/import'
import { isTensor } from '../../engine/onnx/import/context'
import { STRIDES } from '../models/yolox/head'
import { receptiveFields } from '../receptive-fields'
import { attributeText, cut, isWeight, macsOf, scopeOf } from './describe-node'
import { type FeatureCandidate, featureCandidates, suggestFeatures } from './suggest-features'

/** More than any network that a person looks at has. */
export const mostNodes = 20_000

export interface DescribeOptions {
  file: string
  title: string
  bytes: number
  /** Of the picture, where the file leaves it open, px. */
  side?: number | undefined
}

/** Side of a picture that a file leaves open, px. */
export const defaultSide = 224

/** The nodes that are shown, each after those whose values it takes, and what the file holds. @throws `bad-model` for a cycle. */
export function listNodes({ graph }: OnnxModel): { held: Map<string, OnnxTensor>; nodes: OnnxNode[] } {
  const held = new Map(graph.initializers)
  for (const node of graph.nodes) {
    const value = node.op === 'Constant' ? node.attributes.get('value') : undefined
    if (value?.kind === 'tensor') held.set(node.outputs[0], value.value)
  }
  return { held, nodes: sortNodes({ ...graph, nodes: graph.nodes.filter((node) => !held.has(node.outputs[0])) }) }
}

/** @throws `bad-model` for a cycle, `too-large`. */
export function describeNetwork(network: OnnxModel, { file, title, bytes, side: wanted }: DescribeOptions): Network {
  const { info } = network
  const side = sideOf(network) ?? wanted ?? defaultSide
  const { held, nodes: sorted } = listNodes(network)
  if (sorted.length > mostNodes)
    throw new TagwrightError(
      'too-large',
      `The network has ${sorted.length} nodes; up to ${mostNodes} are shown. It can still be used by its path.`,
      { nodes: sorted.length },
    )
  const { imported, problem } = tryImport(network, side)
  const features = findFeatures(network, side, problem)
  const makers = new Map(sorted.flatMap((node, i) => node.outputs.map((name) => [name, i] as const)))
  const problems = new Map(imported?.problems.map(({ details }) => [String(details?.node), String(details?.reason)]))
  const lost = new Map<string, string>()
  const counted = new Set<string>()
  const shapeOf = (name: string): number[] | null => {
    const tensor = held.get(name)
    if (tensor) return tensor.dims
    const made = imported?.results.get(name) ?? imported?.inputs.find(({ node }) => node.attrs.name === name)
    return made ? [...(isTensor(made) ? made.dims : made.shape)] : null
  }
  const nodes = sorted.map((node): NetworkNode => {
    const name = node.name || node.outputs[0] || node.op
    const own = problems.get(name)
    const before = node.inputs.map((input) => lost.get(input)).find((reason) => reason !== undefined)
    const cannot = own ?? (before === undefined ? null : `it needs ${before}, which cannot be imported`)
    if (cannot !== null) for (const output of node.outputs) lost.set(output, before ?? cut(name))
    let parameters = 0
    node.inputs.forEach((input, i) => {
      const tensor = held.get(input)
      if (!tensor || counted.has(input) || !isWeight(node, i, tensor)) return
      counted.add(input)
      parameters += tensor.data.length
    })
    const inputs = node.inputs
      .filter((input) => input !== '')
      .map((input) => ({
        name: cut(input),
        from: makers.get(input) ?? null,
        held: held.has(input),
        shape: shapeOf(input),
      }))
    const outputs = node.outputs.filter(Boolean).map((output) => ({ name: cut(output), shape: shapeOf(output) }))
    const feature = node.outputs.map((output) => features.byName.get(output)).find(Boolean)
    return {
      name: cut(name),
      op: cut(node.op),
      domain: cut(node.domain),
      scope: cut(scopeOf(name)),
      attributes: Object.fromEntries([...node.attributes].map(([key, value]) => [cut(key), attributeText(value)])),
      inputs,
      outputs,
      parameters,
      macs: macsOf(node, node.inputs.map((input) => (input === '' ? null : shapeOf(input))), outputs[0]?.shape ?? null), // prettier-ignore
      field: null,
      problem: cannot,
      gradient: imported && cannot === null ? blockedBy(node, imported) : null,
      feature: feature ? { name: feature.name, channels: feature.channels, stride: feature.stride } : null,
      frozen: false,
    }
  })
  joinScopes(nodes)
  for (const [i, field] of receptiveFields(nodes).entries()) nodes[i].field = field
  const costs = nodes.map(({ macs }) => macs)
  return {
    title: cut(title),
    file,
    bytes,
    producer: cut(info.producer),
    irVersion: info.irVersion,
    opset: info.opset,
    domains: Object.fromEntries([...info.domains].map(([name, version]) => [cut(name), version])),
    metadata: Object.fromEntries([...info.metadata].slice(0, 200).map(([key, value]) => [cut(key), cut(value)])),
    inputs: info.inputs,
    outputs: info.outputs,
    nodes,
    parameters: nodes.reduce((sum, one) => sum + one.parameters, 0),
    gmacs: problem !== null ? null : costs.reduce<number>((sum, one) => sum + (one ?? 0), 0) / 1e9,
    side,
    problem,
    suggested: features.suggested,
  }
}

/**
 * Nodes without a name of their own, which converters put between others, belong to what all their neighbours belong to:
 * a part that is folded would else be full of holes.
 */
function joinScopes(nodes: NetworkNode[]): void {
  const users: string[][] = nodes.map(() => [])
  for (const { inputs, scope } of nodes) for (const { from } of inputs) if (from !== null) users[from].push(scope)
  nodes.forEach((node, i) => {
    if (node.scope !== '') return
    const makers = node.inputs.flatMap(({ from }) => (from === null ? [] : [nodes[from].scope]))
    // Neighbours without a part say nothing; those that come later are settled after this one.
    const around = [...makers, ...users[i]].filter((scope) => scope !== '').map((scope) => scope.split('/'))
    if (makers.length === 0 || users[i].length === 0 || around.length === 0) return
    const [first, ...rest] = around
    const length = first.findIndex((part, k) => rest.some((other) => other[k] !== part))
    node.scope = (length < 0 ? first : first.slice(0, length)).join('/')
  })
}

/** Side of the picture as the file fixes it; null: it leaves it open, or takes no pictures. */
function sideOf({ info }: OnnxModel): number | null {
  const shape = info.inputs[0]?.shape
  if (shape?.length !== 4) return null
  const sides = shape[3] === 3 && shape[1] !== 3 ? shape.slice(1, 3) : shape.slice(2)
  const [h] = sides
  return typeof h === 'number' && h > 1 ? h : null
}

/** Open dimensions: one picture, as large as is asked for. */
function tryImport(network: OnnxModel, side: number): { imported: ImportedGraph | null; problem: string | null } {
  const shapes: Record<string, number[]> = {}
  for (const { name, shape } of network.info.inputs) {
    if (!shape) continue
    const channelsLast = shape.length === 4 && shape[3] === 3 && shape[1] !== 3
    const isSide = (axis: number) => shape.length === 4 && (channelsLast ? axis === 1 || axis === 2 : axis >= 2)
    shapes[name] = shape.map((d, axis) =>
      typeof d === 'number' ? d : isSide(axis) ? side : shape.length === 4 && axis === 1 ? 3 : 1,
    )
  }
  try {
    return { imported: importOnnx(network, { shapes, partial: true }), problem: null }
  } catch (error) {
    if (!(error instanceof TagwrightError)) throw error
    return { imported: null, problem: error.message }
  }
}

interface Features {
  byName: ReadonlyMap<string, FeatureCandidate>
  suggested: Network['suggested']
}

function findFeatures(network: OnnxModel, side: number, problem: string | null): Features {
  const none = (reason: string): Features => ({
    byName: new Map(),
    suggested: { detect: null, classify: null, reason },
  })
  if (problem !== null) return none(problem)
  try {
    const candidates = featureCandidates(network, side)
    let reason: string | null = null
    const suggest = (strides: readonly number[] | null): string[] | null => {
      try {
        return suggestFeatures(candidates, strides)
      } catch (error) {
        reason = (error as Error).message
        return null
      }
    }
    const suggested = { detect: suggest(STRIDES), classify: suggest(null) }
    return { byName: new Map(candidates.map((one) => [one.name, one])), suggested: { ...suggested, reason } }
  } catch (error) {
    if (error instanceof TagwrightError) return none(error.message)
    throw error
  }
}

/** Why no gradient passes through what the import made of a node. */
function blockedBy(node: OnnxNode, { results, inputs }: ImportedGraph): string | null {
  const values = (names: readonly string[]): Value[] =>
    names.flatMap((name) => {
      const found: Value | OnnxTensor | undefined =
        results.get(name) ?? inputs.find(({ node: { attrs } }) => attrs.name === name)
      return found && !isTensor(found) ? [found] : []
    })
  const before = new Set(values(node.inputs))
  const stack = values(node.outputs)
  const seen = new Set(stack)
  while (stack.length) {
    const value = stack.pop()!
    if (before.has(value) || isInput(value) || isConst(value)) continue
    const { op } = value.node
    if ('none' in op.grad) return op.grad.none
    for (const input of value.node.inputs)
      if (input && !seen.has(input)) {
        seen.add(input)
        stack.push(input)
      }
  }
  return null
}

/** Nodes after those whose values they take. @throws `bad-model` naming a node of a cycle. */
function sortNodes({ nodes }: OnnxGraph): OnnxNode[] {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  const sorted: OnnxNode[] = []
  const state = new Map<OnnxNode, 'open' | 'done'>()
  for (const start of nodes) {
    const stack: [node: OnnxNode, next: number][] = state.has(start) ? [] : [[start, 0]]
    while (stack.length) {
      const top = stack[stack.length - 1]
      const [node] = top
      state.set(node, 'open')
      if (top[1] === node.inputs.length) {
        state.set(node, 'done')
        sorted.push(node)
        stack.pop()
        continue
      }
      const name = node.inputs[top[1]++]
      const before = name === '' ? undefined : makers.get(name)
      if (!before) continue
      if (state.get(before) === 'open')
        throw badOnnx(`its nodes form a cycle through "${cut(before.name || before.outputs[0])}"`)
      if (!state.has(before)) stack.push([before, 0])
    }
  }
  return sorted
}
