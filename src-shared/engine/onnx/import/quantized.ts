/** Import rules: quantised ops as the float ops they stand for. Weights are de-quantised once, activations stay float. */
import type { Value } from '../../graph'
import { matmul } from '../../ops'
import { dequantize, toFloats } from '../constants'
import type { OnnxGraph } from '../decode'
import type { OnnxTensor } from '../decode-tensor'
import { type ImportRule, type NodeContext, Unsupported, isTensor } from './context'
import { spatialRules } from './spatial'

/** (x - zero) as float32, or x itself where it is no quantised tensor. */
const centred = (at: NodeContext, i: number, zero: number): OnnxTensor => {
  const x = at.known(i)
  if (!x) throw new Unsupported('its weights depend on the input')
  const { dims, data } = dequantize(x, Float32Array.of(1), at.known(zero) && toFloats(at.known(zero)!), 0)
  return { name: x.name, type: 'float32', dims: [...dims], data }
}

/** Float numbers pass: quantising is what a runtime does to be fast. Scale 1 and zero point 0 stand in. */
const dynamicQuantize: ImportRule = (at) => [
  at.raw(0),
  { name: '', type: 'float32', dims: [], data: Float32Array.of(1) },
  { name: '', type: 'float32', dims: [], data: Float32Array.of(0) },
]

/** A weight that the import made from quantised numbers: `scaled` names it as a parameter. */
export type MakeWeight = (name: string, weight: OnnxTensor) => Value

/**
 * @param scaleOf constant factor that the file applies to a node's output (its weights' scale), or null.
 * @param weight makes a parameter of the de-quantised numbers.
 */
export function quantizedRules(
  scaleOf: (output: string) => { scale: OnnxTensor; take(): void } | null,
  weight: MakeWeight,
): Readonly<Record<string, ImportRule>> {
  /** Weights times their scale, where the file multiplies by it right after; else whole numbers. */
  const weights = (at: NodeContext, i: number, zero: number, outputAxis: number): Value => {
    const whole = centred(at, i, zero)
    const found = scaleOf(at.node.outputs[0])
    if (!found) return weight(at.node.inputs[i], whole)
    found.take()
    return weight(at.node.inputs[i], {
      ...whole,
      data: dequantize(whole, toFloats(found.scale), null, outputAxis).data,
    })
  }
  return {
    DynamicQuantizeLinear: dynamicQuantize,
    QuantizeLinear: (at) => [at.raw(0)],
    DequantizeLinear(at) {
      const [x, scale] = [at.raw(0), at.known(1)]
      // Behind a QuantizeLinear the numbers have stayed float.
      if (!isTensor(x) || x.data instanceof Float32Array) return [x]
      if (!scale) throw new Unsupported('its scale depends on the input')
      const { dims, data } = dequantize(x, toFloats(scale), at.known(2) && toFloats(at.known(2)!), at.int('axis', 1))
      const tensor: OnnxTensor = { name: at.node.inputs[0], type: 'float32', dims: [...dims], data }
      return [tensor.dims.length > 0 ? weight(at.node.inputs[0], tensor) : tensor]
    },
    ConvInteger: (at) => {
      const w = weights(at, 1, 3, 0)
      const as = new Proxy(at, {
        get: (target, key) =>
          key === 'input'
            ? (i: number) => (i === 1 ? w : target.input(i))
            : key === 'has'
              ? (i: number) => i < 2
              : Reflect.get(target, key),
      })
      return spatialRules.Conv(as)
    },
    MatMulInteger: (at) => [matmul(at.input(0), weights(at, 1, 3, (at.known(1)?.dims.length ?? 2) - 1))],
  }
}

/** Scales that the file multiplies quantised results by: Cast, then Mul with (scale of x) times (scale of w). */
export function findScales(
  graph: OnnxGraph,
  constant: (name: string) => OnnxTensor | null,
): (output: string) => { scale: OnnxTensor; product: string } | null {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  const users = new Map<string, typeof graph.nodes>()
  for (const node of graph.nodes) for (const name of node.inputs) users.set(name, [...(users.get(name) ?? []), node])
  const only = (name: string) => (users.get(name)?.length === 1 ? users.get(name)![0] : null)
  return (output) => {
    const cast = only(output)
    const product = cast?.op === 'Cast' ? only(cast.outputs[0]) : null
    if (product?.op !== 'Mul') return null
    const other = product.inputs.find((name) => name !== cast!.outputs[0])!
    const scales = producers.get(other)
    if (scales?.op !== 'Mul' || users.get(other)?.length !== 1) return null
    const found = scales.inputs.map((name) => [constant(name), producers.get(name)?.op] as const)
    const weightScale = found.find(([tensor]) => tensor)?.[0]
    return weightScale && found.some(([, op]) => op === 'DynamicQuantizeLinear')
      ? { scale: weightScale, product: other }
      : null
  }
}
