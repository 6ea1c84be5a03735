/**
 * Weights of a catalog model from any ONNX file with the same structure: by name where names are kept, else by place in
 * the network. Batch norms that an exporter folded away become norms that do nothing yet; see `calibrateNorms`.
 */
import { TagwrightError } from '../base/errors'
import { Graph, type Node, type Value, isInput, size } from '../engine/graph'
import { Nn } from '../engine/nn'
import { type ConvAttrs, Conv, convAttrs } from '../engine/ops'
import type { OnnxModel, OnnxNode } from '../engine/onnx/decode'
import { ConstantReader } from '../engine/onnx/constants'
import { type LayerGraph, matchStructure } from './match-structure'
import { type ModelDef, channelsOf } from './models/define'

export interface OnnxWeights {
  /** Parameters and running statistics by the model's names. */
  tensors: Map<string, Float32Array>
  shapes: Map<string, readonly number[]>
  /** Batch norms (scope names) that the file has folded into its convolutions. */
  folded: string[]
  /** Convolutions of the file that have no place in the model. */
  ignored: string[]
  /** Convolutions of the model that the file does not fill. */
  missing: string[]
}

interface Norm {
  gamma: Float32Array
  beta: Float32Array
  mean: Float32Array
  variance: Float32Array
  epsilon: number
}
interface FileLayer {
  name: string
  weight: Float32Array
  bias: Float32Array | null
  norm: Norm | null
}
interface ModelLayer {
  weight: string
  bias: string | null
  /** Names of scale, shift, mean and variance of the batch norm behind it. */
  norm: { names: string[]; epsilon: number } | null
}

/**
 * @param classes how many the file has; its head fits only a model of as many.
 * @throws `weights-do-not-fit` when no layer has a counterpart.
 */
export function readOnnxWeights(
  file: OnnxModel,
  model: ModelDef,
  { classes, params = {} }: { classes: number; params?: Record<string, unknown> },
): OnnxWeights {
  const constants = new ConstantReader(file.graph)
  // A file of the model before an addition has no place for what was added; one of the model after it names that.
  const theirs = fileLayers(file)
  const has = (name: string, shape: readonly number[]) => constants.floats(name)?.dims.join() === shape.join()
  let own = modelLayers(model, classes, params)
  let added: [string, readonly number[]][] = []
  for (let base = model.base; base; base = base.base) {
    const plain = modelLayers(base, classes, params)
    added = [...own.shapes].filter(([name]) => !plain.shapes.has(name))
    if (added.some(([name, shape]) => has(name, shape))) break
    added = []
    own = plain
  }
  const byName = new Map(theirs.layers.map(({ name }, j) => [name, j]))
  const pairs: [number, number][] = []
  own.layers.forEach(({ weight }, i) => {
    const j = byName.get(weight)
    if (j !== undefined && own.graph.layers[i].kind === theirs.graph.layers[j].kind) pairs.push([i, j])
  })
  const [mine, known] = [new Set(pairs.map(([i]) => i)), new Set(pairs.map(([, j]) => j))]
  if (mine.size < own.layers.length)
    for (const [i, j] of matchStructure(own.graph, theirs.graph))
      if (!mine.has(i) && !known.has(j)) {
        pairs.push([i, j])
        mine.add(i)
        known.add(j)
      }
  if (pairs.length === 0)
    throw new TagwrightError(
      'weights-do-not-fit',
      `No layer of this file (${theirs.layers.length} convolutions) has a counterpart in ${model.title} (${own.layers.length}). Choose the model that the file was made with.`,
      { model: model.title },
    )
  const tensors = new Map<string, Float32Array>()
  const folded: string[] = []
  for (const [i, j] of pairs) place(own.layers[i], theirs.layers[j], tensors, folded)
  // Weights of blocks that belong to no convolution, such as gains.
  for (const [name, shape] of added)
    if (!tensors.has(name) && has(name, shape)) tensors.set(name, constants.floats(name)!.data)
  return {
    tensors,
    shapes: own.shapes,
    folded,
    ignored: theirs.layers.filter((_, j) => !known.has(j)).map(({ name }) => name),
    missing: own.layers.filter((_, i) => !mine.has(i)).map(({ weight }) => weight),
  }
}

/** Share of a model's convolutions that a file fills, 0..1. */
export function structureShare(file: OnnxModel, model: ModelDef, classes: number): number {
  const own = modelLayers(model.base ?? model, classes, {})
  return matchStructure(own.graph, fileLayers(file).graph).length / own.layers.length
}

/** One convolution's numbers in the form that the model keeps them, so that the function stays the same. */
function place(own: ModelLayer, file: FileLayer, tensors: Map<string, Float32Array>, folded: string[]): void {
  const channels = file.bias?.length ?? file.norm?.beta.length ?? 0
  tensors.set(own.weight, file.weight)
  if (own.norm) {
    const [gamma, beta, mean, variance] = own.norm.names
    const { epsilon } = own.norm
    if (file.norm) {
      const { norm, bias } = file
      tensors.set(gamma, norm.gamma)
      tensors.set(beta, norm.beta)
      tensors.set(mean, bias ? norm.mean.map((m, c) => m - bias[c]) : norm.mean)
      tensors.set(
        variance,
        norm.variance.map((v) => v + norm.epsilon - epsilon),
      )
      return
    }
    const shift = file.bias ?? new Float32Array(size(tensorShape(file, channels)))
    tensors.set(gamma, new Float32Array(shift.length).fill(1))
    tensors.set(beta, shift)
    tensors.set(mean, new Float32Array(shift.length))
    tensors.set(variance, new Float32Array(shift.length).fill(1 - epsilon))
    folded.push(gamma.replace(/\.weight$/, ''))
    return
  }
  if (file.norm) {
    const { gamma, beta, mean, variance, epsilon } = file.norm
    const factor = gamma.map((g, c) => g / Math.sqrt(variance[c] + epsilon))
    const per = file.weight.length / factor.length
    tensors.set(
      own.weight,
      file.weight.map((w, i) => w * factor[Math.floor(i / per)]),
    )
    if (own.bias)
      tensors.set(
        own.bias,
        beta.map((b, c) => b + ((file.bias?.[c] ?? 0) - mean[c]) * factor[c]),
      )
  } else if (own.bias && file.bias) tensors.set(own.bias, file.bias)
}

const tensorShape = (file: FileLayer, channels: number): number[] => [channels || file.weight.length]

const kindOf = (shape: readonly number[], { strides, group, dilations }: Omit<ConvAttrs, 'pads'>): string =>
  `${shape} s${strides} g${group} d${dilations}`

function modelLayers(
  model: ModelDef,
  classes: number,
  params: Record<string, unknown>,
): { layers: ModelLayer[]; graph: LayerGraph; shapes: Map<string, readonly number[]> } {
  const source = new Graph()
  const nn = new Nn(source, false)
  const side = 2 * model.stride
  const head = model.build(nn, source.input('images', [1, channelsOf(model, params), side, side]), { classes, params })
  const nodes = source.reachable([model.output(head)])
  const users = new Map<Value, Node[]>()
  for (const node of nodes) for (const v of node.inputs) if (v) users.set(v, [...(users.get(v) ?? []), node])
  const nameOf = (v: Value | null | undefined): string | null =>
    v && isInput(v) && nn.params.has(v.node.attrs.name as string) ? (v.node.attrs.name as string) : null
  const position = new Map<Node, number>()
  const layers: ModelLayer[] = []
  const graph: LayerGraph = { layers: [] }
  const sources = new Map<Node, { layer: number; path: string }[]>()
  for (const node of nodes) {
    if (isInput(node.outputs[0])) {
      sources.set(node, node.attrs.name === 'images' ? [{ layer: -1, path: '' }] : [])
      continue
    }
    const weight = node.op === Conv ? nameOf(node.inputs[1]) : null
    if (!weight) {
      sources.set(
        node,
        joined(
          node.inputs.map((v) => (v ? sources.get(v.node)! : [])),
          node.op.name === 'Concat',
        ),
      )
      continue
    }
    const [user, second] = users.get(node.outputs[0]) ?? []
    const norm = user?.op.name === 'BatchNormalization' && !second ? user : null
    position.set(node, layers.length)
    graph.layers.push({
      kind: kindOf(node.inputs[1]!.shape, convAttrs(node.attrs)),
      from: sources.get(node.inputs[0]!.node)!,
    })
    sources.set(node, [{ layer: layers.length, path: '' }])
    layers.push({
      weight,
      bias: nameOf(node.inputs[2]),
      norm: norm && {
        names: norm.inputs.slice(1).map((v) => v!.node.attrs.name as string),
        epsilon: norm.attrs.epsilon as number,
      },
    })
  }
  const shapes = new Map([...nn.params.values(), ...nn.stats.values()].map(({ name, shape }) => [name, shape]))
  return { layers, graph, shapes }
}

function fileLayers({ graph, info }: OnnxModel): { layers: FileLayer[]; graph: LayerGraph } {
  const constants = new ConstantReader(graph)
  const users = new Map<string, OnnxNode[]>()
  for (const node of graph.nodes) for (const name of node.inputs) users.set(name, [...(users.get(name) ?? []), node])
  const sources = new Map<string, { layer: number; path: string }[]>(
    info.inputs.map(({ name }) => [name, [{ layer: -1, path: '' }]]),
  )
  const layers: FileLayer[] = []
  const out: LayerGraph = { layers: [] }
  for (const node of graph.nodes) {
    const kernel = node.op === 'Conv' ? constants.floats(node.inputs[1]) : null
    if (!kernel) {
      const from = joined(
        node.inputs.map((name) => sources.get(name) ?? []),
        node.op === 'Concat',
      )
      for (const name of node.outputs) sources.set(name, from)
      continue
    }
    const [user, second] = users.get(node.outputs[0]) ?? []
    const ints = (name: string, fallback: number[]): number[] => {
      const attribute = node.attributes.get(name)
      return attribute?.kind === 'ints' ? attribute.value : fallback
    }
    const group = node.attributes.get('group')
    const kind = kindOf(kernel.dims, {
      strides: ints('strides', [1, 1]) as [number, number],
      dilations: ints('dilations', [1, 1]) as [number, number],
      group: group?.kind === 'int' ? group.value : 1,
    })
    out.layers.push({ kind, from: sources.get(node.inputs[0]) ?? [] })
    sources.set(node.outputs[0], [{ layer: layers.length, path: '' }])
    layers.push({
      name: node.inputs[1],
      weight: kernel.data,
      bias: node.inputs[2] ? (constants.floats(node.inputs[2])?.data ?? null) : null,
      norm: user?.op === 'BatchNormalization' && !second ? readNorm(user, constants) : null,
    })
  }
  return { layers, graph: out }
}

function readNorm(node: OnnxNode, constants: ConstantReader): Norm | null {
  const [gamma, beta, mean, variance] = node.inputs.slice(1, 5).map((name) => constants.floats(name)?.data)
  const epsilon = node.attributes.get('epsilon')
  if (!gamma || !beta || !mean || !variance) return null
  return { gamma, beta, mean, variance, epsilon: epsilon?.kind === 'float' ? epsilon.value : 1e-5 }
}

/** Sources of a node that is no convolution. The network's input counts once, however it is cut and joined. */
function joined(
  inputs: readonly (readonly { layer: number; path: string }[])[],
  numbered: boolean,
): { layer: number; path: string }[] {
  const seen = new Map<string, { layer: number; path: string }>()
  inputs.forEach((list, i) =>
    list.forEach(({ layer, path }) => {
      const next = { layer, path: layer >= 0 && numbered ? `${path}/${i}` : path }
      seen.set(`${next.layer}${next.path}`, next)
    }),
  )
  return [...seen.values()]
}
