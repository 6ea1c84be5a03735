/** A model of the catalog as the window draws it. */
import type { Network, NetworkNode } from '../contract/models'
import { Graph, type Node, type Value, isConst, isInput, size as sizeOf } from '../engine/graph'
import { Nn } from '../engine/nn'
import { frozenNames } from './frozen-names'
import { cut } from './imported/describe-node'
import { modelOf } from './models'
import { channelsOf } from './models/define'
import { multiplyAdds } from './model-info'
import { receptiveFields } from './receptive-fields'
import type { SurgeryEdit } from './surgery'

export interface CatalogModelOptions {
  id: string
  params: Record<string, unknown>
  surgery: readonly SurgeryEdit[]
  /** The recipe's. */
  freeze: readonly string[]
  classes: number
  /** Of the picture, px. */
  side: number
}

/** The network of a model for one picture, and the nodes that are shown. @throws `unknown-id`, `bad-recipe`. */
export function buildCatalogModel({
  id,
  params: given,
  surgery,
  classes,
  side: [height, width],
}: Omit<CatalogModelOptions, 'freeze' | 'side'> & { side: readonly [height: number, width: number] }) {
  // Only of a file there is anything open that the drawing needs; labels come with a project.
  const { complete, needsFile } = modelOf({ id, params: given, surgery })
  const params = complete && needsFile ? complete(given, height, []) : given
  const model = modelOf({ id, params, surgery })
  const graph = new Graph()
  const nn = new Nn(graph, false)
  const images = graph.input('images', [1, channelsOf(model, params), height, width])
  const output = model.output(model.build(nn, images, { classes, params }))
  const reached = graph.reachable([output]).sort((a, b) => a.id - b.id)
  const nodes = reached.filter((node) => !isInput(node.outputs[0]) && !isConst(node.outputs[0]))
  return { model, params, graph, nn, images, output, nodes }
}

/** @throws `unknown-id`, `bad-recipe`. */
export function describeCatalogModel({ freeze, side, ...options }: CatalogModelOptions): Network {
  const { model, params, nn, images, output, nodes } = buildCatalogModel({ ...options, side: [side, side] })
  const places = new Map(nodes.map((node, i) => [node, i]))
  const isFrozen = frozenNames(model, params, freeze)
  const counted = new Set<string>()
  const described = nodes.map((node): NetworkNode => {
    let parameters = 0
    let frozen = 0
    for (const value of node.inputs) {
      const name = value && isInput(value) ? (value.node.attrs.name as string) : ''
      if (!value || !nn.params.has(name) || counted.has(name)) continue
      counted.add(name)
      parameters += sizeOf(value.shape)
      if (isFrozen(name)) frozen++
    }
    const path = node.path.split('.')
    return {
      name: cut(node.path),
      op: node.op.name,
      domain: '',
      scope: path.slice(0, -1).join('/'),
      attributes: Object.fromEntries(Object.entries(node.attrs).map(([key, value]) => [key, attributeText(value)])),
      inputs: node.inputs.flatMap((value) => (value ? [describeInput(value, places, images)] : [])),
      outputs: node.outputs.map(({ shape }, i) => ({
        name: node.outputs.length > 1 ? `${cut(node.path)}:${i}` : cut(node.path),
        shape: [...shape],
      })),
      parameters,
      macs: multiplyAdds(node),
      field: null,
      problem: null,
      gradient: 'none' in node.op.grad ? node.op.grad.none : null,
      feature: null,
      frozen: frozen > 0,
    }
  })
  for (const [i, field] of receptiveFields(described).entries()) described[i].field = field
  const shape = (value: Value) => ({ type: value.dtype, shape: [...value.shape] })
  return {
    title: model.title,
    file: null,
    bytes: null,
    producer: 'Tagwright',
    irVersion: 0,
    opset: 0,
    domains: {},
    metadata: { source: model.source },
    inputs: [{ name: 'images', ...shape(images) }],
    outputs: [{ name: 'output', ...shape(output) }],
    nodes: described,
    parameters: [...nn.params.values()].reduce((sum, one) => sum + sizeOf(one.shape), 0),
    gmacs: nodes.reduce((sum, node) => sum + multiplyAdds(node), 0) / 1e9,
    side,
    problem: null,
    suggested: { detect: null, classify: null, reason: null },
  }
}

function describeInput(value: Value, places: ReadonlyMap<Node, number>, images: Value): NetworkNode['inputs'][number] {
  const { node, shape } = value
  const held = places.get(node) === undefined && value !== images
  const name = isInput(value) ? String(node.attrs.name) : isConst(value) ? 'constant' : cut(node.path)
  return { name: cut(name), from: places.get(node) ?? null, held, shape: [...shape] }
}

const attributeText = (value: unknown): string =>
  cut(typeof value === 'string' ? value : (JSON.stringify(value)?.replace(/^\[(.*)\]$/, '$1') ?? ''))
