/** Import rules: convolutions, pools, resampling, norms over images. */
import { type Value } from '../../graph'
import {
  type ConvAttrs,
  add,
  batchNorm,
  conv,
  convTranspose,
  div,
  globalAveragePool,
  matmul,
  mul,
  reduceMean,
  reshape,
  sqrt,
  sub,
  transpose,
  upsample,
} from '../../ops'
import { MaxPool } from '../../ops/pool'
import { type ImportRule, type NodeContext, Unsupported, rankOf } from './context'

type Pair = [number, number]
type Four = [number, number, number, number]

/** Strides, pads and dilations of a window that slides over an image. */
function windowOf(at: NodeContext, x: Value, kernel: readonly number[]): Omit<ConvAttrs, 'group'> {
  if (rankOf(x) !== 4 || kernel.length !== 2)
    throw new Unsupported(`it slides over ${rankOf(x) - 2} dimensions; images have 2`)
  const strides = (at.list('strides') ?? [1, 1]) as Pair
  const dilations = (at.list('dilations') ?? [1, 1]) as Pair
  const auto = at.text('auto_pad', 'NOTSET')
  let pads = (at.list('pads') ?? [0, 0, 0, 0]) as Four
  if (auto.startsWith('SAME')) {
    const total = [0, 1].map((i) => {
      const out = Math.ceil(x.shape[2 + i] / strides[i])
      return Math.max(0, (out - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1 - x.shape[2 + i])
    })
    const [low, high] = [total.map((t) => t >> 1), total.map((t) => t - (t >> 1))]
    const [first, last] = auto === 'SAME_UPPER' ? [low, high] : [high, low]
    pads = [first[0], first[1], last[0], last[1]]
  }
  return { strides, dilations, pads }
}

const convRule: ImportRule = (at) => {
  const [x, w] = [at.input(0), at.input(1)]
  const attrs = { ...windowOf(at, x, w.shape.slice(2)), group: at.int('group', 1) }
  return [conv(x, w, attrs, at.has(2) ? at.input(2) : undefined)]
}

const transposed: ImportRule = (at) => {
  const [x, w] = [at.input(0), at.input(1)]
  if (at.list('output_shape') && at.text('auto_pad', 'NOTSET') === 'NOTSET')
    throw new Unsupported('an explicit output shape is not read')
  const kernel = w.shape.slice(2)
  const strides = (at.list('strides') ?? [1, 1]) as Pair
  const dilations = (at.list('dilations') ?? [1, 1]) as Pair
  const outputPadding = (at.list('output_padding') ?? [0, 0]) as Pair
  let pads = (at.list('pads') ?? [0, 0, 0, 0]) as Four
  const auto = at.text('auto_pad', 'NOTSET')
  if (auto.startsWith('SAME')) {
    const wanted = at.list('output_shape')?.slice(-2) ?? [0, 1].map((i) => x.shape[2 + i] * strides[i])
    const total = [0, 1].map((i) =>
      Math.max(
        0,
        (x.shape[2 + i] - 1) * strides[i] + outputPadding[i] + dilations[i] * (kernel[i] - 1) + 1 - wanted[i],
      ),
    )
    const low = total.map((t) => (auto === 'SAME_UPPER' ? t >> 1 : t - (t >> 1)))
    pads = [low[0], low[1], total[0] - low[0], total[1] - low[1]]
  }
  const y = convTranspose(x, w, { strides, dilations, pads, group: at.int('group', 1), outputPadding })
  return [at.has(2) ? add(y, reshape(at.input(2), [1, y.shape[1], 1, 1])) : y]
}

const maxPoolRule: ImportRule = (at) => {
  const x = at.input(0)
  const kernel = (at.list('kernel_shape') ?? []) as Pair
  const { strides, pads, dilations } = windowOf(at, x, kernel)
  if (dilations.some((d) => d !== 1)) throw new Unsupported('dilated pooling is not read')
  if (at.node.outputs.length > 1) throw new Unsupported('the positions of maxima are not read')
  return [x.node.graph.apply(MaxPool, [x], { kernel, strides, pads: ceiling(at, x, kernel, strides, pads) })[0]]
}

/** With ceil_mode a last, partly filled window counts: the same as more padding at the end. */
function ceiling(at: NodeContext, x: Value, kernel: Pair, strides: Pair, pads: Four): Four {
  if (!at.int('ceil_mode', 0)) return pads
  const more = [0, 1].map((i) => {
    const room = x.shape[2 + i] + pads[i] + pads[2 + i] - kernel[i]
    const out = Math.ceil(room / strides[i])
    // A window may not lie in the end padding alone.
    return out * strides[i] >= x.shape[2 + i] + pads[i] ? 0 : out * strides[i] - room
  })
  return [pads[0], pads[1], pads[2] + more[0], pads[3] + more[1]]
}

/** A mean over each window is a depth-wise convolution; where padding does not count, the border is scaled back. */
const averageRule: ImportRule = (at) => {
  const x = at.input(0)
  const kernel = (at.list('kernel_shape') ?? []) as Pair
  const { strides, pads, dilations } = windowOf(at, x, kernel)
  const [, c, h, w] = x.shape
  if (at.int('ceil_mode', 0)) throw new Unsupported('average pooling with ceil_mode is not read')
  if (kernel[0] === h && kernel[1] === w && pads.every((p) => p === 0)) return [globalAveragePool(x)]
  const graph = x.node.graph
  const taps = kernel[0] * kernel[1]
  const weights = graph.constant(new Float32Array(c * taps).fill(1 / taps), [c, 1, ...kernel])
  const y = conv(x, weights, { strides, pads, dilations, group: c })
  if (at.int('count_include_pad', 0) || pads.every((p) => p === 0)) return [y]
  const inside = (i: 0 | 1, o: number) => {
    const start = o * strides[i] - pads[i]
    return Math.min(start + kernel[i], x.shape[2 + i]) - Math.max(start, 0)
  }
  const [, , ho, wo] = y.shape
  const scale = new Float32Array(ho * wo)
  for (let i = 0; i < ho; i++) for (let j = 0; j < wo; j++) scale[i * wo + j] = taps / (inside(0, i) * inside(1, j))
  return [mul(y, graph.constant(scale, [1, 1, ho, wo]))]
}

/** Resampling along one axis as a matrix [out, in]: exact for every coordinate rule, and differentiable. */
function resampling(
  input: number,
  output: number,
  scale: number,
  { mode, coordinates, rounding }: { mode: string; coordinates: string; rounding: string },
): Float32Array {
  const matrix = new Float32Array(output * input)
  for (let o = 0; o < output; o++) {
    const at =
      coordinates === 'asymmetric'
        ? o / scale
        : coordinates === 'align_corners'
          ? output === 1
            ? 0
            : (o * (input - 1)) / (output - 1)
          : coordinates === 'pytorch_half_pixel' && output === 1
            ? 0
            : (o + 0.5) / scale - 0.5
    const clamp = (i: number) => Math.min(Math.max(i, 0), input - 1)
    if (mode === 'nearest') {
      const nearest =
        rounding === 'floor'
          ? Math.floor(at)
          : rounding === 'ceil'
            ? Math.ceil(at)
            : rounding === 'round_prefer_ceil'
              ? Math.floor(at + 0.5)
              : Math.ceil(at - 0.5)
      matrix[o * input + clamp(nearest)] = 1
    } else {
      const place = Math.min(Math.max(at, 0), input - 1)
      const low = Math.floor(place)
      matrix[o * input + low] += 1 - (place - low)
      matrix[o * input + clamp(low + 1)] += place - low
    }
  }
  return matrix
}

const resizeRule: ImportRule = (at) => {
  const x = at.input(0)
  const old = at.node.op === 'Upsample' || at.opset < 11
  const mode = at.text('mode', 'nearest')
  if (rankOf(x) !== 4 || (mode !== 'nearest' && mode !== 'linear'))
    throw new Unsupported(`resampling of mode "${mode}" in ${rankOf(x)} dimensions is not read`)
  const scales = old ? (at.list('scales') ?? at.ints(1, 'scales')) : at.has(2) ? at.ints(2, 'scales') : []
  const sizes = !old && at.has(3) ? at.ints(3, 'sizes') : []
  const outputs = sizes.length ? sizes : x.shape.map((d, i) => Math.floor(d * (scales[i] ?? 1)))
  const factor = x.shape.map((d, i) => (scales.length ? scales[i] : outputs[i] / d))
  if (outputs[0] !== x.shape[0] || outputs[1] !== x.shape[1]) throw new Unsupported('it resamples images or channels')
  const how = {
    mode,
    coordinates: old ? 'asymmetric' : at.text('coordinate_transformation_mode', 'half_pixel'),
    rounding: old ? 'floor' : at.text('nearest_mode', 'round_prefer_floor'),
  }
  if (!['asymmetric', 'align_corners', 'half_pixel', 'pytorch_half_pixel'].includes(how.coordinates))
    throw new Unsupported(`coordinates of kind "${how.coordinates}" are not read`)
  const whole = factor[2] === factor[3] && Number.isInteger(factor[2])
  if (mode === 'nearest' && how.coordinates === 'asymmetric' && how.rounding === 'floor' && whole)
    return [factor[2] === 1 ? x : upsample(x, factor[2])]
  const { graph } = x.node
  const [, , h, w] = x.shape
  const across = graph.constant(resampling(w, outputs[3], factor[3], how), [outputs[3], w])
  const down = graph.constant(resampling(h, outputs[2], factor[2], how), [outputs[2], h])
  return [matmul(down, matmul(x, transpose(across, [1, 0])))]
}

const instanceNorm: ImportRule = (at) => {
  const x = at.input(0)
  const axes = x.shape.map((_, i) => i).slice(2)
  const centred = sub(x, reduceMean(x, axes, true))
  const variance = reduceMean(mul(centred, centred), axes, true)
  const column = (i: number) => reshape(at.input(i), [1, x.shape[1], ...axes.map(() => 1)])
  const normal = div(centred, sqrt(add(variance, at.float('epsilon', 1e-5))))
  return [add(mul(normal, column(1)), column(2))]
}
const layerNorm: ImportRule = (at) => {
  const x = at.input(0)
  const first = at.axis(rankOf(x), -1)
  const axes = x.shape.map((_, i) => i).slice(first)
  const centred = sub(x, reduceMean(x, axes, true))
  const variance = reduceMean(mul(centred, centred), axes, true)
  const normal = mul(div(centred, sqrt(add(variance, at.float('epsilon', 1e-5)))), at.input(1))
  return [at.has(2) ? add(normal, at.input(2)) : normal]
}

const batchNormRule: ImportRule = (at) => {
  const x = at.input(0)
  if (at.int('training_mode', 0)) throw new Unsupported('it is in training mode; export the model for inference')
  if (rankOf(x) === 4)
    return [batchNorm(x, at.input(1), at.input(2), at.input(3), at.input(4), at.float('epsilon', 1e-5))]
  const column = (i: number) => reshape(at.input(i), [1, x.shape[1], ...x.shape.slice(2).map(() => 1)])
  const inv = div(1, sqrt(add(column(4), at.float('epsilon', 1e-5))))
  return [add(mul(mul(sub(x, column(3)), inv), column(1)), column(2))]
}

export const spatialRules: Readonly<Record<string, ImportRule>> = {
  Conv: convRule,
  ConvTranspose: transposed,
  MaxPool: maxPoolRule,
  AveragePool: averageRule,
  Resize: resizeRule,
  Upsample: resizeRule,
  BatchNormalization: batchNormRule,
  InstanceNormalization: instanceNorm,
  LayerNormalization: layerNorm,
}
