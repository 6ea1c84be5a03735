/** One node of a file in words and numbers: what it is called, where it belongs, what it costs. */
import { size } from '../../engine/graph'
import type { OnnxAttribute, OnnxNode } from '../../engine/onnx/decode'
import type { OnnxTensor } from '../../engine/onnx/decode-tensor'

const longest = 200
export const cut = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text)

/** `/backbone/dark2/Conv` is part of `backbone/dark2`; names of one word are part of nothing. */
export function scopeOf(name: string): string {
  const parts = name.split(name.includes('/') ? '/' : '.').filter((part) => part !== '')
  return parts.slice(0, -1).slice(0, 16).join('/')
}

export function attributeText(attribute: OnnxAttribute): string {
  switch (attribute.kind) {
    case 'ints':
    case 'floats':
    case 'strings':
      return cut(attribute.value.slice(0, 64).join(', '))
    case 'tensor':
      return `${attribute.value.type} [${attribute.value.dims.join(', ')}]`
    case 'graph':
      return `${attribute.value.nodes.length} nodes`
    case 'other':
      return '…'
    default:
      return cut(String(attribute.value))
  }
}

/** Inputs that are settings (sizes, limits, scales), not weights, by op. */
const settings: Readonly<Record<string, readonly number[]>> = {
  Resize: [1, 2, 3],
  Upsample: [1],
  Clip: [1, 2],
  Pad: [1, 2],
  DynamicQuantizeLinear: [0, 1],
  DequantizeLinear: [1, 2],
  QuantizeLinear: [1, 2],
}

export const isFloat = ({ type }: OnnxTensor): boolean => type.includes('float')

/** Is input `i` of the node a weight? Whole numbers are weights where they stand for quantised ones. */
export function isWeight(node: OnnxNode, i: number, tensor: OnnxTensor): boolean {
  if (tensor.data.length < 2 || tensor.dims.length === 0 || settings[node.op]?.includes(i)) return false
  if (isFloat(tensor)) return true
  return (tensor.type === 'int8' || tensor.type === 'uint8') && tensor.dims.length > 1
}

/**
 * Multiplications with addition of one node; null where its shapes are not known. Convolutions and matrix products
 * count; what else there is costs little beside them.
 */
export function macsOf(
  { op, attributes }: Pick<OnnxNode, 'op' | 'attributes'>,
  inputs: readonly (readonly number[] | null)[],
  output: readonly number[] | null,
): number | null {
  const known = (shape: readonly number[] | null | undefined, cost: (shape: readonly number[]) => number) =>
    shape && output ? cost(shape) : null
  switch (op) {
    case 'Conv':
    case 'ConvInteger':
      return known(inputs[1], (weight) => size(output!) * size(weight.slice(1)))
    case 'QLinearConv':
      return known(inputs[3], (weight) => size(output!) * size(weight.slice(1)))
    case 'ConvTranspose':
      // Every input cell paints its patch of the output.
      return inputs[0] ? known(inputs[1], (weight) => size(inputs[0]!) * size(weight.slice(1))) : null
    case 'MatMul':
    case 'MatMulInteger':
    case 'QLinearMatMul':
      return known(inputs[0], (x) => size(output!) * (x.at(-1) ?? 1))
    case 'Gemm': {
      const turned = attributes.get('transA')
      return known(inputs[0], (x) => size(output!) * x[turned?.kind === 'int' && turned.value === 1 ? 0 : 1])
    }
    default:
      return 0
  }
}
