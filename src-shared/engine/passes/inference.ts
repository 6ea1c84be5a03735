/** From a model graph built for inference to ONNX ops with the weights inside. */
import { TagwrightError } from '../../base/errors'
import { type Attrs, Graph, type Node, type Value, isConst, isInput, size } from '../graph'
import { Conv, concat } from '../ops'
import { computeWeights } from './compute-weights'

export interface InferenceOptions {
  /** Parameters and running statistics by name: every graph input of such a name becomes a named constant. */
  tensors: ReadonlyMap<string, Float32Array>
  /** Multiply batch norms into the convolutions before them, and compute weights of convolutions that are made of weights. */
  fold: boolean
  /** Attributes of a node when they shall not stay as they are. */
  rewrite?: (node: Node) => Attrs
}

/**
 * Lowers macros to plain ONNX ops, drops identities, joins constants, and folds each batch norm whose convolution feeds
 * nothing else: w' = w gamma / sqrt(var + eps), b' = beta + (b - mean) gamma / sqrt(var + eps), in float64, rounded once.
 * The folded bias is named `<convolution>.bias`, as in the original's fused models.
 * @returns a new graph (without outputs) and the images of the given values.
 * @throws `weights-do-not-fit` when a tensor has another size than the graph asks for.
 */
export function inferenceGraph(
  source: Graph,
  roots: readonly Value[],
  { tensors, fold, rewrite = ({ attrs }) => attrs }: InferenceOptions,
): { graph: Graph; roots: Value[] } {
  const out = new Graph()
  const image = new Map<Value, Value>()
  const nodes = source.reachable(roots)
  const uses = new Map<Value, number>()
  for (const v of [...nodes.flatMap((node) => node.inputs), ...roots]) if (v) uses.set(v, (uses.get(v) ?? 0) + 1)
  const weight = (v: Value): Float32Array => {
    const name = v.node.attrs.name as string
    const data = tensors.get(name)!
    if (data.length === size(v.shape)) return data
    throw new TagwrightError(
      'weights-do-not-fit',
      `${name} has ${data.length} numbers and the model asks for [${v.shape}]. Use the model and class count of the run that wrote it.`,
      { tensor: name },
    )
  }
  const isWeight = (v: Value | null | undefined): boolean =>
    !!v && isInput(v) && tensors.has(v.node.attrs.name as string)
  const map = (v: Value | null): Value | null => {
    if (!v) return null
    const known = image.get(v)
    if (known) return known
    const made = isWeight(v)
      ? out.constant(weight(v), v.shape, 'float32', v.node.attrs.name as string)
      : isConst(v)
        ? out.constant(source.data(v), v.shape, v.dtype)
        : out.input(v.node.attrs.name as string, v.shape, v.dtype)
    image.set(v, made)
    return made
  }
  /** The convolution that a batch norm can be folded into. */
  const foldable = (node: Node): Node | null => {
    const [x, ...rest] = node.inputs
    const conv = x!.node
    const ready = fold && conv.op === Conv && uses.get(x!) === 1 && rest.every(isWeight) && isWeight(conv.inputs[1])
    return ready && (!conv.inputs[2] || isWeight(conv.inputs[2])) ? conv : null
  }
  const folded = new Set<Node>()
  for (const node of nodes) {
    const conv = node.op.name === 'BatchNormalization' ? foldable(node) : null
    if (conv) folded.add(conv)
  }
  for (const node of nodes) {
    const [first] = node.outputs
    if (isInput(first) || isConst(first) || folded.has(node)) continue
    const results = copy(node)
    node.outputs.forEach((v, i) => image.set(v, results[i]))
  }
  return { graph: out, roots: roots.map((v) => map(v)!) }

  function copy(node: Node): readonly Value[] {
    if (node.op.name === 'Identity') return [map(node.inputs[0])!]
    const conv = node.inputs[0]?.node
    if (node.op.name === 'BatchNormalization' && conv && folded.has(conv)) return foldConv(conv, node)
    return out.scope(scopeOf(node), () => {
      const inputs = node.inputs.map((v, i) =>
        fold && node.op === Conv && i > 0 && v ? madeOfWeights(v, node, i) : map(v),
      )
      if (node.op.name === 'Concat' && inputs.every((v) => v && isConst(v) && v.dtype === 'float32'))
        return [joinConstants(out, inputs as Value[], node)]
      if (node.op.onnx !== 'macro') return out.apply(node.op, inputs, rewrite(node))
      if (!node.op.lower) throw new TagwrightError('bad-graph', `${node.path}: ${node.op.name} has no plain lowering.`)
      return node.op.lower({ inputs: inputs as Value[], node })
    })
  }

  /** Weights (input 1) or biases (input 2) of a convolution as one constant, where they are computed from others. */
  function madeOfWeights(v: Value, { path }: Node, input: number): Value | null {
    if (isWeight(v) || isConst(v)) return map(v)
    const data = computeWeights(v, (one) => (isWeight(one) ? weight(one) : null))
    const name = `${path.replace(/\.?Conv$/, '')}.${input === 1 ? 'weight' : 'bias'}`
    return data ? out.constant(data, v.shape, 'float32', name) : map(v)
  }

  function foldConv(conv: Node, norm: Node): readonly Value[] {
    const [x, w, b] = conv.inputs
    const [gamma, beta, mean, variance] = norm.inputs.slice(1).map((v) => weight(v!))
    const bias = b ? weight(b) : null
    const channels = gamma.length
    const kernel = weight(w!)
    const perChannel = kernel.length / channels
    const weights = new Float32Array(kernel.length)
    const biases = new Float32Array(channels)
    for (let c = 0; c < channels; c++) {
      const factor = gamma[c] / Math.sqrt(variance[c] + (norm.attrs.epsilon as number))
      for (let i = c * perChannel; i < (c + 1) * perChannel; i++) weights[i] = kernel[i] * factor
      biases[c] = beta[c] + ((bias ? bias[c] : 0) - mean[c]) * factor
    }
    const name = w!.node.attrs.name as string
    return out.scope(scopeOf(conv), () =>
      out.apply(
        Conv,
        [
          map(x),
          out.constant(weights, w!.shape, 'float32', name),
          out.constant(biases, [channels], 'float32', `${name.replace(/\.?weight$/, '')}.bias`),
        ],
        conv.attrs,
      ),
    )
  }
}

const scopeOf = (node: Node): string => node.path.split('.').slice(0, -1).join('.')

/** Concat of float32 constants as one constant. */
function joinConstants(out: Graph, parts: readonly Value[], node: Node): Value {
  const axis = node.attrs.axis as number
  const { shape } = node.outputs[0]
  if (size(shape.slice(0, axis)) !== 1) return concat(parts, axis)
  const data = new Float32Array(size(shape))
  let at = 0
  for (const part of parts) {
    data.set(out.data(part) as Float32Array, at)
    at += size(part.shape)
  }
  return out.constant(data, shape, 'float32')
}
