/** Puts an imported network into a model: its ops into the model's graph, its weights as parameters `trunk.<name>`. */
import { TagwrightError } from '../../base/errors'
import { type Value, isConst, isInput } from '../../engine/graph'
import type { Nn } from '../../engine/nn'
import type { OnnxModel } from '../../engine/onnx/decode'
import { type ImportedGraph, importOnnx } from '../../engine/onnx/import'
import { transpose } from '../../engine/ops'

export const TRUNK = 'trunk'

/** Does the network take pictures as [N, H, W, 3]? */
function isNhwc({ info }: OnnxModel): boolean {
  const shape = info.inputs[0]?.shape
  return shape?.[3] === 3 && shape[1] !== 3
}

/** The name of a value: as it is, or the first output of a node of that name. @throws `bad-recipe`. */
export function valueName({ graph }: OnnxModel, name: string): string {
  const node = graph.nodes.find((one) => one.outputs.includes(name) || one.name === name)
  if (node) return node.outputs.includes(name) ? name : node.outputs[0]
  throw new TagwrightError(
    'bad-recipe',
    `The network has no value or node "${name}". Choose features among those that the file names, or leave it at auto.`,
    { feature: name },
  )
}

/** The network as a graph for pictures of a size. @param roots names of the values that are wanted. */
export function importFor(
  network: OnnxModel,
  [n, c, h, w]: readonly number[],
  roots: readonly string[],
  partial = false,
): ImportedGraph {
  const { inputs } = network.info
  if (inputs.length !== 1 || inputs[0].shape?.length !== 4)
    throw new TagwrightError(
      'unsupported-model',
      `The network takes ${inputs.length} inputs (${inputs.map(({ name }) => name).join(', ')}); a trunk takes one picture [N, 3, H, W].`,
    )
  const shape = isNhwc(network) ? [n, h, w, c] : [n, c, h, w]
  return importOnnx(network, { shapes: { [inputs[0].name]: shape }, partial }, roots)
}

/**
 * @param images [N, 3, H, W] as the network wants its pixels.
 * @param features names of values of the network.
 * @returns those values. Batch norms of the file keep their statistics.
 * @throws `unsupported-op` naming the node on the way to a feature that cannot be used.
 */
export function graft(nn: Nn, images: Value, network: OnnxModel, features: readonly string[]): Value[] {
  const imported = importFor(network, images.shape, features)
  const statistics = statisticsOf(imported)
  const { graph } = nn
  return nn.scope(TRUNK, () => {
    const image = new Map<Value, Value>([
      [imported.inputs[0], isNhwc(network) ? transpose(images, [0, 2, 3, 1]) : images],
    ])
    for (const node of imported.graph.reachable(imported.outputs.values())) {
      const [first] = node.outputs
      if (image.has(first)) continue
      if (isInput(first)) {
        const name = node.attrs.name as string
        if (statistics.has(name)) {
          const full = `${TRUNK}.${name}`
          nn.stats.set(full, { name: full, shape: first.shape, initial: 0, batch: null, momentum: 0, factor: 1 })
          image.set(first, graph.input(full, first.shape))
        } else {
          const role = first.shape.length > 1 ? 'weight' : 'bias'
          image.set(first, nn.param(name, first.shape, { kind: 'constant', value: 0 }, role))
        }
      } else if (isConst(first)) image.set(first, graph.constant(imported.graph.data(first), first.shape, first.dtype))
      else {
        const scope = node.path.split('.').slice(0, -1).join('.')
        const inputs = node.inputs.map((v) => v && image.get(v)!)
        const outputs = graph.scope(scope, () => graph.apply(node.op, inputs, node.attrs))
        node.outputs.forEach((v, i) => image.set(v, outputs[i]))
      }
    }
    return features.map((name) => image.get(imported.outputs.get(name)!)!)
  })
}

/** Means and variances of batch norms: measured numbers, which no gradient moves. */
function statisticsOf({ graph }: ImportedGraph): Set<string> {
  const names = new Set<string>()
  for (const { op, inputs } of graph.nodes)
    if (op.name === 'BatchNormalization')
      for (const v of inputs.slice(3)) if (v && isInput(v)) names.add(v.node.attrs.name as string)
  return names
}

/** Numbers of the network's weights on the way to the features, by the names that `graft` gives them. */
export function trunkTensors(network: OnnxModel, features: readonly string[], side: number): Map<string, Float32Array> {
  const { tensors } = importFor(network, [1, 3, side, side], features)
  return new Map([...tensors].map(([name, data]) => [`${TRUNK}.${name}`, data]))
}

/** Weights that are used neither by a node nor by anything that depends on it, by their names in the model. */
export function weightsBefore(
  network: OnnxModel,
  node: string,
  features: readonly string[],
  side: number,
): Set<string> {
  const start = valueName(network, node)
  const { nodes, initializers } = network.graph
  const [{ name: input }] = network.info.inputs
  const producers = new Map(nodes.flatMap((one) => one.outputs.map((name) => [name, one] as const)))
  const [after, seeing] = [new Set([start]), new Set([input])]
  const trained = new Set<string>()
  // What is made of constants alone (a weight that is de-quantised) belongs to the node that uses it.
  const take = (name: string): void => {
    if (initializers.has(name)) trained.add(name)
    else if (!seeing.has(name)) producers.get(name)?.inputs.forEach(take)
  }
  // Files list nodes in the order in which they run.
  for (const one of nodes) {
    if (one.inputs.some((name) => seeing.has(name))) one.outputs.forEach((name) => seeing.add(name))
    if (!one.outputs.includes(start) && !one.inputs.some((name) => after.has(name))) continue
    one.outputs.forEach((name) => after.add(name))
    one.inputs.forEach(take)
  }
  const { tensors } = importFor(network, [1, 3, side, side], features)
  return new Set([...tensors.keys()].flatMap((name) => (trained.has(name) ? [] : [`${TRUNK}.${name}`])))
}
