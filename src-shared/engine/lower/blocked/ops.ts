/**
 * ONNX Runtime's own ops on the blocked layout (domain com.microsoft.nchwc), which its optimizer inserts into ordinary
 * models. They are internal: the runtime version is pinned and a probe checks them before a program uses them.
 */
import { type Op, type Value, none } from '../../graph'
import { type ConvAttrs, type PoolAttrs, AveragePool, Conv, GlobalAveragePool, MaxPool, Upsample } from '../../ops'

const nchwc = 'com.microsoft.nchwc'
const lowered = none('emitted by lowerings only')
const blocked = (of: Op): Op => ({
  ...of,
  grad: lowered,
  onnx: { ...(of.onnx as object), domain: nchwc },
  examples: [],
})

/** Inputs X, W[, B][, Sum]: Sum is added to the result, in place when this is its last use. */
const NchwcConv = blocked(Conv)
const NchwcMaxPool = blocked(MaxPool)
const NchwcAveragePool = blocked(AveragePool)
const NchwcGlobalAveragePool = blocked(GlobalAveragePool)
const NchwcUpsample: Op = {
  ...Upsample,
  name: 'Upsample',
  grad: lowered,
  onnx: {
    domain: nchwc,
    attrs: (a) => ({ scales: { ints: [1, 1, a.scale as number, a.scale as number] }, mode: { s: 'nearest' } }),
  },
  examples: [],
}
const ReorderInput: Op = {
  name: 'ReorderInput',
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  grad: lowered,
  onnx: { domain: nchwc, attrs: () => ({}) },
  examples: [],
}
const ReorderOutput: Op = {
  name: 'ReorderOutput',
  infer: ([x], a) => [{ shape: [x!.shape[0], a.channels as number, ...x!.shape.slice(2)], dtype: x!.dtype }],
  grad: lowered,
  onnx: { domain: nchwc, attrs: (a) => ({ channels: { i: a.channels as number } }) },
  examples: [],
}

interface Extra {
  bias?: Value
  sum?: Value
}
/** Convolution on blocked tensors; X with fewer channels than a block is read as plain NCHW. */
export function nchwcConv(x: Value, w: Value, at: Partial<ConvAttrs> & Extra = {}): Value {
  const { bias, sum, ...rest } = at
  const attrs = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1, ...rest }
  const inputs = sum ? [x, w, bias ?? null, sum] : bias ? [x, w, bias] : [x, w]
  return x.node.graph.apply(NchwcConv, inputs, attrs)[0]
}
export const nchwcMaxPool = (x: Value, at: PoolAttrs): Value => x.node.graph.apply(NchwcMaxPool, [x], { ...at })[0]
export const nchwcAveragePool = (x: Value, at: PoolAttrs): Value =>
  x.node.graph.apply(NchwcAveragePool, [x], { ...at })[0]
export const nchwcGlobalAveragePool = (x: Value): Value => x.node.graph.apply(NchwcGlobalAveragePool, [x])[0]
export const nchwcUpsample = (x: Value, scale: number): Value => x.node.graph.apply(NchwcUpsample, [x], { scale })[0]
export const reorderInput = (x: Value): Value => x.node.graph.apply(ReorderInput, [x])[0]
export const reorderOutput = (x: Value, channels: number): Value =>
  x.node.graph.apply(ReorderOutput, [x], { channels })[0]
