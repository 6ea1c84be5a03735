/** Import rules: elementwise ops, activations, contractions, reductions. */
import type { Value } from '../../graph'
import type { OnnxTensor } from '../decode-tensor'
import {
  abs,
  add,
  and,
  cast,
  div,
  equal,
  erf,
  exp,
  expand,
  floor,
  gelu,
  globalAveragePool,
  greater,
  greaterOrEqual,
  leakyRelu,
  less,
  lessOrEqual,
  log,
  matmul,
  max,
  min,
  mul,
  neg,
  not,
  pow,
  prelu,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceSum,
  reduceSumSquare,
  relu,
  reshape,
  sigmoid,
  softmax,
  softplus,
  sqrt,
  sub,
  tanh,
  transpose,
  where,
} from '../../ops'
import { type ImportRule, type NodeContext, Unsupported, isTensor, rankOf } from './context'

const unary =
  (f: (x: Value) => Value): ImportRule =>
  (at) => [f(at.input(0))]

/** Two known whole-number tensors are computed while importing: that is how exporters write shapes. */
const binary =
  (f: (a: Value, b: Value) => Value, fold?: (a: number, b: number) => number): ImportRule =>
  (at) => {
    const [a, b] = [at.known(0), at.known(1)]
    if (fold && a && b && isInteger(a) && isInteger(b)) return [foldPair(a, b, fold)]
    return [f(at.input(0), at.input(1))]
  }
const isInteger = ({ data }: OnnxTensor): boolean => data instanceof BigInt64Array || data instanceof Int32Array
function foldPair(a: OnnxTensor, b: OnnxTensor, f: (a: number, b: number) => number): OnnxTensor {
  const long = a.data.length >= b.data.length ? a : b
  if (a.data.length !== b.data.length && Math.min(a.data.length, b.data.length) !== 1)
    throw new Unsupported('whole-number arithmetic with broadcasting is not read')
  const at = (t: OnnxTensor, i: number) => Number(t.data[t.data.length === 1 ? 0 : i])
  const values = Array.from({ length: long.data.length }, (_, i) => BigInt(Math.trunc(f(at(a, i), at(b, i)))))
  return { name: '', type: 'int64', dims: long.dims, data: BigInt64Array.from(values) }
}
const many =
  (f: (a: Value, b: Value) => Value): ImportRule =>
  (at) => [at.node.inputs.map((_, i) => at.input(i)).reduce((a, b) => f(a, b))]

const clip: ImportRule = (at) => {
  const bound = (i: number, name: string): number | null => {
    const attribute = at.node.attributes.get(name)
    if (attribute?.kind === 'float') return attribute.value
    const given = at.has(i) ? at.known(i) : null
    if (at.has(i) && !given) throw new Unsupported('its limits depend on the input')
    return given ? Number(given.data[0]) : null
  }
  const [low, high] = [bound(1, 'min'), bound(2, 'max')]
  let y = at.input(0)
  if (low === 0) y = relu(y)
  else if (low !== null && low > -3e38) y = max(y, low)
  return [high !== null && high < 3e38 ? min(y, high) : y]
}

const gemm: ImportRule = (at) => {
  const side = (i: number, flag: string) => (at.int(flag, 0) ? transpose(at.input(i), [1, 0]) : at.input(i))
  let y = matmul(side(0, 'transA'), side(1, 'transB'))
  const [alpha, beta] = [at.float('alpha', 1), at.float('beta', 1)]
  if (alpha !== 1) y = mul(y, alpha)
  if (!at.has(2)) return [y]
  return [add(y, beta === 1 ? at.input(2) : mul(at.input(2), beta))]
}

const matMul: ImportRule = (at) => {
  let [a, b] = [at.input(0), at.input(1)]
  // Vectors count as a row, a column.
  const [row, column] = [rankOf(a) === 1, rankOf(b) === 1]
  if (row) a = reshape(a, [1, ...a.shape])
  if (column) b = reshape(b, [...b.shape, 1])
  const y = matmul(a, b)
  const shape = y.shape.filter((_, i) => !(row && i === y.shape.length - 2) && !(column && i === y.shape.length - 1))
  return [reshape(y, shape)]
}

const reduction =
  (f: (x: Value, axes: readonly number[], keep?: boolean) => Value): ImportRule =>
  (at) => {
    const x = at.input(0)
    const given = at.axes(1, rankOf(x))
    if (!given?.length && at.int('noop_with_empty_axes', 0)) return [x]
    const axes = given?.length ? given : x.shape.map((_, i) => i)
    return [f(x, axes, at.int('keepdims', 1) !== 0)]
  }

const softmaxRule: ImportRule = (at) => {
  const x = at.input(0)
  const axis = at.axis(rankOf(x), at.opset < 13 ? 1 : -1)
  if (at.opset >= 13 || axis === rankOf(x) - 1) return [softmax(x, axis)]
  // Before operator set 13 all axes from this one on counted as one.
  const head = x.shape.slice(0, axis).reduce((a, b) => a * b, 1)
  const rest = x.shape.slice(axis).reduce((a, b) => a * b, 1)
  return [reshape(softmax(reshape(x, [head, rest]), 1), x.shape)]
}

const dtypes: Readonly<Record<number, 'float32' | 'uint8' | 'int32' | 'int64' | 'bool'>> = {
  1: 'float32',
  2: 'uint8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float32',
  11: 'float32',
}
const castRule: ImportRule = (at) => {
  const to = dtypes[at.int('to', 1)]
  if (!to) throw new Unsupported(`numbers of type ${at.int('to', 0)} are not read`)
  const raw = at.raw(0)
  if (isTensor(raw) && to === 'int64') {
    const numbers = Array.from(raw.data as ArrayLike<number | bigint>, (v) => BigInt(Math.trunc(Number(v))))
    return [{ ...raw, type: 'int64', data: BigInt64Array.from(numbers) }]
  }
  return [cast(at.input(0), to)]
}

const half = (x: Value, alpha: number, beta: number): Value => min(relu(add(mul(x, alpha), beta)), 1)
const comparison = (f: (a: Value, b: Value) => Value): ImportRule => binary(f)

/** Divides as whole numbers do where both are whole. */
const divRule: ImportRule = (at: NodeContext) => binary(div, (a, b) => Math.trunc(a / b))(at)

/** `tanh` is the approximation 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). */
const geluRule: ImportRule = (at) => {
  const x = at.input(0)
  if (at.text('approximate', 'none') !== 'tanh') return [gelu(x)]
  const inner = mul(add(x, mul(mul(mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI))
  return [mul(mul(x, 0.5), add(tanh(inner), 1))]
}

export const arithmeticRules: Readonly<Record<string, ImportRule>> = {
  Add: binary(add, (a, b) => a + b),
  Sub: binary(sub, (a, b) => a - b),
  Mul: binary(mul, (a, b) => a * b),
  Div: divRule,
  Pow: binary((a, b) => pow(a, b.dtype === a.dtype ? b : cast(b, a.dtype))),
  Sum: many(add),
  Max: many(max),
  Min: many(min),
  Neg: unary(neg),
  Abs: unary(abs),
  Exp: unary(exp),
  Log: unary(log),
  Sqrt: unary(sqrt),
  Reciprocal: unary((x) => div(1, x)),
  Floor: unary(floor),
  Sigmoid: unary(sigmoid),
  Tanh: unary(tanh),
  Erf: unary(erf),
  Gelu: geluRule,
  Relu: unary(relu),
  Softplus: unary(softplus),
  LeakyRelu: (at) => [leakyRelu(at.input(0), at.float('alpha', 0.01))],
  PRelu: (at) => [prelu(at.input(0), at.input(1))],
  HardSigmoid: (at) => [half(at.input(0), at.float('alpha', 0.2), at.float('beta', 0.5))],
  HardSwish: unary((x) => mul(x, half(x, 1 / 6, 0.5))),
  Mish: unary((x) => mul(x, tanh(softplus(x)))),
  Softmax: softmaxRule,
  Clip: clip,
  Gemm: gemm,
  MatMul: matMul,
  ReduceMean: reduction(reduceMean),
  ReduceSum: reduction(reduceSum),
  ReduceMax: reduction(reduceMax),
  ReduceMin: reduction(reduceMin),
  ReduceSumSquare: reduction(reduceSumSquare),
  ReduceL2: reduction((x, axes, keep) => sqrt(reduceSumSquare(x, axes, keep))),
  GlobalAveragePool: unary(globalAveragePool),
  GlobalMaxPool: unary((x) => reduceMax(x, [2, 3], true)),
  Equal: comparison(equal),
  Greater: comparison(greater),
  GreaterOrEqual: comparison(greaterOrEqual),
  Less: comparison(less),
  LessOrEqual: comparison(lessOrEqual),
  And: comparison(and),
  Not: unary(not),
  Where: (at) => [where(at.input(0), at.input(1), at.input(2))],
  Cast: castRule,
  Expand: (at) => {
    const x = at.input(0)
    const wanted = at.ints(1, 'shape')
    const rank = Math.max(rankOf(x), wanted.length)
    const padTo = (s: readonly number[]) => [...Array<number>(rank - s.length).fill(1), ...s]
    const [a, b] = [padTo(x.shape), padTo(wanted)]
    return [expand(x, a.map((d, i) => Math.max(d, b[i])))] // prettier-ignore
  },
}
