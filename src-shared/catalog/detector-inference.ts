/** A trained detector as an inference graph, for evaluation, prediction and export. */
import { type Attrs, Graph, type Node, type Shape, type Value, isConst } from '../engine/graph'
import { Nn } from '../engine/nn'
import { cutFrozen, featureName } from '../engine/passes/cut-frozen'
import { halfPrecision } from '../engine/passes/half'
import { inferenceGraph } from '../engine/passes/inference'
import type { Trunk } from '../engine/step'
import { type EncodeOptions, encodeOnnx } from '../engine/onnx/encode'
import { type ModelDef, channelsOf } from './models/define'
import { type SuppressOptions, suppress } from './suppress'

export interface DetectorInferenceOptions {
  params?: Record<string, unknown>
  batch: number
  /** Height and width of the input in pixels. */
  size: readonly [number, number]
  /** Multiply batch norms into the convolutions; default true. */
  fold?: boolean
  /** float16 weights and computing, but for decoding and suppression. */
  half?: boolean
  /** Leave the batch size open in the file. */
  dynamic?: boolean
  /** Leave height and width open in the file: only for networks without a shape of their own. `size` does not count then. */
  openSides?: boolean
  /** Suppress inside the graph: the output is [N, maxDet, 6] instead of [N, A, 5 + classes]. */
  nms?: SuppressOptions
}

export interface DetectorInference {
  graph: Graph
  /** Named `output`. */
  output: Value
  /** Dimensions that are not fixed. */
  open: Map<Value, Record<number, string>>
}

/** While the batch size is open, this number stands in for it: no other dimension of a detector has it. */
const OPEN_BATCH = 1_000_003
/** The same for sides, which are so many strides. */
const OPEN_SIDES = { height: 10_007, width: 10_009 }

/**
 * @param tensors parameters and running statistics by their PyTorch names. @throws `weights-do-not-fit`, `bad-graph`.
 */
export function buildInference(
  model: ModelDef,
  classes: number,
  tensors: ReadonlyMap<string, Float32Array>,
  options: DetectorInferenceOptions,
): DetectorInference {
  const { params = {}, fold = true, dynamic = false, openSides = false } = options
  const { height, width } = OPEN_SIDES
  const size = openSides ? [height * model.stride, width * model.stride] : options.size
  const batch = dynamic ? OPEN_BATCH : options.batch
  const source = new Graph()
  const images = source.input('images', [batch, channelsOf(model, params), ...size])
  const nn = new Nn(source, false)
  const head = model.build(nn, images, { classes, params })
  const decoded = source.scope('decode', () => model.output(head))
  let suppressed: Value[] = []
  let wanted = decoded
  if (options.nms) {
    const end = suppress(decoded, options.nms)
    wanted = end.rows
    suppressed = end.open
  }
  const names = new Set([...nn.params.keys(), ...nn.stats.keys()])
  const given = new Map([...tensors].filter(([name]) => names.has(name)))
  const plain = inferenceGraph(source, [wanted, ...suppressed], { tensors: given, fold, rewrite: openReshape })
  // Boxes and positions between cells need more digits than half precision has.
  const keepWide = ({ path }: { path: string }) => /^(decode|nms)\.|\.sample\./.test(path)
  const { graph, roots } = options.half ? halfPrecision(plain.graph, plain.roots, keepWide) : plain
  const [output, ...ends] = roots
  graph.output('output', output)
  const open = new Map<Value, Record<number, string>>()
  if (dynamic) {
    for (const { outputs } of graph.reachable())
      for (const v of outputs) if (!isConst(v) && v.shape[0] === OPEN_BATCH) open.set(v, { 0: 'batch' })
  }
  if (openSides) {
    const named = (side: 'height' | 'width', length: number) => {
      const share = length / OPEN_SIDES[side] / model.stride
      return share === 1 ? side : share < 1 ? `${side}/${1 / share}` : `${side}*${share}`
    }
    for (const { outputs } of graph.reachable())
      for (const v of outputs) {
        if (isConst(v) || v.shape.length !== 4) continue
        const sides: Record<number, string> = { ...open.get(v) }
        if (v.shape[2] % height === 0) sides[2] = named('height', v.shape[2])
        if (v.shape[3] % width === 0) sides[3] = named('width', v.shape[3])
        if (Object.keys(sides).length > 0) open.set(v, sides)
      }
  }
  for (const v of ends) open.set(v, { 0: 'kept' })
  return { graph, output, open }
}

/** A trained detector in two parts: what is frozen while the rest is trained, and the rest. */
export interface SplitInference {
  trunk: Trunk
  /** From the trunk's features to `output`: its bytes. */
  rest: Uint8Array
}

/**
 * @param frozen names of parameters and statistics that do not change.
 * @returns null when nothing that sees the images is frozen, or the rest sees them too.
 */
export function splitInference(
  model: ModelDef,
  classes: number,
  tensors: ReadonlyMap<string, Float32Array>,
  frozen: (name: string) => boolean,
  { params = {}, batch, size }: Pick<DetectorInferenceOptions, 'params' | 'batch' | 'size'>,
): SplitInference | null {
  const source = new Graph()
  const nn = new Nn(source, false)
  const head = model.build(nn, source.input('images', [batch, channelsOf(model, params), ...size]), { classes, params })
  const output = source.scope('decode', () => model.output(head))
  const owned = (name: string) => nn.params.has(name) || nn.stats.has(name)
  const cut = cutFrozen(
    source,
    [output],
    (name) => name === 'images',
    (name) => owned(name) && frozen(name),
  )
  if (!cut || cut.graph.inputs.has('images')) return null
  const given = new Map([...tensors].filter(([name]) => owned(name)))
  const { graph, roots } = inferenceGraph(cut.graph, cut.roots, { tensors: given, fold: true })
  graph.output('output', roots[0])
  const features = cut.features.map((value, i) => ({ name: featureName(i), value }))
  return { trunk: { graph: source, features }, rest: encodeOnnx(graph) }
}

/** A reshape that keeps the open batch must not write its size into the file. */
function openReshape({ op, attrs, outputs: [y] }: Node): Attrs {
  if (op.name !== 'Reshape' || y.shape[0] !== OPEN_BATCH) return attrs
  return { ...attrs, onnx: [0, ...y.shape.slice(1)] }
}

/** The file's bytes. */
export const encodeInference = ({ graph, open }: DetectorInference, options: EncodeOptions = {}): Uint8Array =>
  encodeOnnx(graph, { ...options, open })

/** A shape as people read it: open dimensions by their names. */
export const openShape = (value: Value, open: DetectorInference['open']): (number | string)[] =>
  (value.shape as Shape).map((d, i) => open.get(value)?.[i] ?? d)
