/** The layer of Swin transformers (Liu et al. 2021, arXiv:2103.14030) on maps [N, C, H, W]. */
import { TagwrightError } from '../base/errors'
import type { Graph, Value } from '../engine/graph'
import type { Init, Nn } from '../engine/nn'
import {
  add,
  concat,
  equal,
  gather,
  gelu,
  mask,
  matmul,
  mul,
  pad,
  reshape,
  slice,
  softmax,
  sub,
  transpose,
} from '../engine/ops'

export interface SwinLayer {
  /** Must divide the channels. */
  heads: number
  /** Side of the windows, cells. */
  window: number
  /** Windows moved by half their side. */
  shift: boolean
  /** Hidden width of the MLP by that of the map. */
  ratio: number
}

/** Evenly drawn with the original's standard deviation, .02. */
const small: Init = { kind: 'uniform', bound: 0.02 * Math.sqrt(3) }
const linear = { bias: true, biasInit: 0, init: small }
const EPSILON = 1e-5
/** Taken from what places of different windows hear of each other: nothing is left of exp(-100). */
const APART = 100

/** One layer. @throws `bad-recipe` when the heads do not divide the channels. */
export function swinLayer(nn: Nn, x: Value, at: SwinLayer): Value {
  const { attention, mlp } = swinBranches(nn, x, at)
  return add(add(x, attention), mlp)
}

/** What a layer adds to x: the attention, and the MLP of x with it. @throws `bad-recipe`. */
export function swinBranches(nn: Nn, x: Value, at: SwinLayer): { attention: Value; mlp: Value } {
  const c = x.shape[1]
  if (c % at.heads)
    throw new TagwrightError(
      'bad-recipe',
      `Window attention with ${at.heads} heads does not fit ${c} channels. Choose heads that divide them.`,
      { heads: at.heads, channels: c },
    )
  const attention = windowAttention(nn, nn.channelNorm('norm1', x, EPSILON), at)
  const normal = nn.channelNorm('norm2', add(x, attention), EPSILON)
  const hidden = gelu(nn.conv2d('mlp.fc1', normal, Math.round(c * at.ratio), 1, linear))
  return { attention, mlp: nn.conv2d('mlp.fc2', hidden, c, 1, linear) }
}

/** One axis of a map in windows. */
interface Axis {
  /** Side of a window and their number. */
  window: number
  count: number
  shift: number
  /** Cells of the map. */
  length: number
}

function axisOf(length: number, { window, shift }: SwinLayer): Axis {
  // A map that is no larger is one window, and there is nothing to shift it to.
  const side = Math.min(window, length)
  return { window: side, count: Math.ceil(length / side), shift: shift && length > window ? window >> 1 : 0, length }
}

/**
 * Self-attention among the places of each window, with a trained bias for each head and relative position. Maps that the
 * windows do not divide are continued by cells that nobody hears; what shifting brings together from opposite edges is
 * kept apart.
 */
function windowAttention(nn: Nn, x: Value, at: SwinLayer): Value {
  const { graph } = x.node
  const [n, c, h, w] = x.shape
  const { heads, window } = at
  const axes = [axisOf(h, at), axisOf(w, at)]
  const [rows, columns] = axes
  const count = rows.count * columns.count
  const places = rows.window * columns.window
  return nn.scope('attn', () => {
    const parts = toWindows(nn.conv2d('qkv', x, 3 * c, 1, linear), axes)
    // Channels are query, key and value, each head after head.
    const [query, key, value] = [0, 1, 2].map((i) =>
      reshape(slice(parts, 2, i * c, (i + 1) * c), [n, count * heads, c / heads, places]),
    )
    const scores = matmul(transpose(mul(query, (c / heads) ** -0.5), [0, 1, 3, 2]), key)
    const table = nn.param('relative_position_bias_table', [(2 * window - 1) ** 2, heads], small, 'norm')
    const offsets = graph.constant(relativePositions(rows.window, columns.window, window), [places ** 2], 'int32')
    const bias = reshape(transpose(gather(table, offsets, 0), [1, 0]), [1, 1, heads, places ** 2])
    let biased = add(reshape(scores, [n, count, heads, places ** 2]), bias)
    const barred = apart(graph, axes)
    if (barred) biased = add(biased, barred)
    const weights = softmax(reshape(biased, [n, count * heads, places, places]), 3)
    const heard = reshape(matmul(value, transpose(weights, [0, 1, 3, 2])), [n, count, c, places])
    return nn.conv2d('proj', fromWindows(heard, axes), c, 1, linear)
  })
}

/** [N, C, H, W] -> [N, windows, C, places], moved up and to the left by the shift. */
function toWindows(x: Value, axes: readonly Axis[]): Value {
  const [n, c] = x.shape
  const [rows, columns] = axes
  const fill = axes.map(({ window, count, length }) => window * count - length)
  let y = fill.some((f) => f > 0) ? pad(x, [0, 0, 0, 0], [0, 0, ...fill]) : x
  axes.forEach(({ shift }, i) => (y = roll(y, 2 + i, shift)))
  const cells = reshape(y, [n, c, rows.count, rows.window, columns.count, columns.window])
  return reshape(transpose(cells, [0, 2, 4, 1, 3, 5]), [n, rows.count * columns.count, c, rows.window * columns.window])
}

/** The way back. */
function fromWindows(x: Value, axes: readonly Axis[]): Value {
  const [n, , c] = x.shape
  const [rows, columns] = axes
  const windows = reshape(x, [n, rows.count, columns.count, c, rows.window, columns.window])
  const sides = axes.map(({ window, count }) => window * count)
  let y = reshape(transpose(windows, [0, 3, 1, 4, 2, 5]), [n, c, ...sides])
  axes.forEach(({ shift, length }, i) => {
    y = roll(y, 2 + i, shift && sides[i] - shift)
    if (sides[i] > length) y = slice(y, 2 + i, 0, length)
  })
  return y
}

/** The first `by` cells of an axis go to its end. */
function roll(x: Value, axis: number, by: number): Value {
  if (by === 0) return x
  return concat([slice(x, axis, by, x.shape[axis]), slice(x, axis, 0, by)], axis)
}

/** Rows of the table of biases for each pair of places: offsets of -(window - 1) .. window - 1 along both axes. */
function relativePositions(height: number, width: number, window: number): number[] {
  const places = height * width
  return Array.from({ length: places ** 2 }, (_, i) => {
    const [a, b] = [Math.floor(i / places), i % places]
    const down = Math.floor(a / width) - Math.floor(b / width) + window - 1
    return down * (2 * window - 1) + (a % width) - (b % width) + window - 1
  })
}

/** [1, windows, 1, places squared]: 0 for pairs that may hear each other, -100 elsewhere; null when all may. */
function apart(graph: Graph, axes: readonly Axis[]): Value | null {
  if (axes.every(({ window, count, shift, length }) => shift === 0 && window * count === length)) return null
  const [rows, columns] = axes.map(regions)
  const numbers: number[] = []
  for (let j = 0; j < axes[0].count; j++)
    for (let i = 0; i < axes[1].count; i++)
      for (let y = 0; y < axes[0].window; y++)
        for (let x = 0; x < axes[1].window; x++)
          numbers.push(4 * rows[j * axes[0].window + y] + columns[i * axes[1].window + x])
  const [count, places] = [axes[0].count * axes[1].count, axes[0].window * axes[1].window]
  const column = graph.constant(numbers, [1, count, places, 1])
  const row = graph.constant(numbers, [1, count, 1, places])
  return reshape(mul(sub(mask(equal(column, row)), 1), APART), [1, count, 1, places ** 2])
}

/** Which piece of the map each rolled cell comes from: 0 the body, 1 what was rolled over, 2 beyond the map. */
function regions({ window, count, shift, length }: Axis): number[] {
  const side = window * count
  return Array.from({ length: side }, (_, i) => {
    const from = (i + shift) % side
    return from >= length ? 2 : from < shift ? 1 : 0
  })
}
