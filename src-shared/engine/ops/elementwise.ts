/** Elementwise ops with numpy broadcasting. Gradients are written without un-broadcasting; grad.ts does that once. */
import {
  type GradRule,
  type Op,
  type OpExample,
  type Shape,
  type Type,
  type Value,
  none,
  type DType,
  type NoGradient,
} from '../graph'

export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1
    const y = b[i - rank + b.length] ?? 1
    if (x !== y && x !== 1 && y !== 1) throw new Error(`shapes [${a}] and [${b}] do not broadcast`)
    return x === 1 ? y : x
  })
}

const broadcastAll = (inputs: readonly (Type | null)[]): Shape =>
  inputs.reduce<Shape>((s, t) => broadcast(s, t!.shape), [])

function sameDtype(inputs: readonly (Type | null)[]): DType {
  const dtype = inputs[0]!.dtype
  for (const t of inputs)
    if (t!.dtype !== dtype) throw new Error(`dtypes differ: ${inputs.map((i) => i!.dtype).join(', ')}`)
  return dtype
}

const op = (name: string, arity: number, grad: GradRule | NoGradient, examples: OpExample[], result?: DType): Op => ({
  name,
  infer(inputs) {
    if (inputs.length !== arity) throw new Error(`it takes ${arity} inputs, not ${inputs.length}`)
    return [{ shape: broadcastAll(inputs), dtype: result ?? sameDtype(inputs) }]
  },
  grad,
  onnx: {},
  examples,
})

const ab = (low = -2, high = 2): OpExample[] => [
  {
    inputs: [
      { shape: [2, 3], low, high },
      { shape: [2, 3], low, high },
    ],
  },
  {
    inputs: [
      { shape: [4, 1, 3], low, high },
      { shape: [2, 1], low, high },
    ],
  },
]
const x = (low = -2, high = 2): OpExample[] => [{ inputs: [{ shape: [2, 5], low, high }] }]

const Add = op('Add', 2, ({ gradients: [g] }) => [g, g], ab())
const Sub = op('Sub', 2, ({ gradients: [g] }) => [g, neg(g!)], ab())
const Mul = op('Mul', 2, ({ inputs: [a, b], gradients: [g] }) => [mul(g!, b), mul(g!, a)], ab())
const Div = op(
  'Div',
  2,
  ({ inputs: [, b], outputs: [y], gradients: [g] }) => [div(g!, b), neg(mul(div(g!, b), y))],
  ab(0.5, 2),
)
const Max = op(
  'Max',
  2,
  ({ inputs: [a, b], gradients: [g] }) => [mul(g!, mask(greaterOrEqual(a, b))), mul(g!, mask(less(a, b)))],
  ab(),
)
const Min = op(
  'Min',
  2,
  ({ inputs: [a, b], gradients: [g] }) => [mul(g!, mask(less(a, b))), mul(g!, mask(greaterOrEqual(a, b)))],
  ab(),
)
const Pow = op('Pow', 2, ({ inputs: [a, b], gradients: [g] }) => [mul(g!, mul(b, pow(a, sub(b, 1)))), null], [
  {
    inputs: [
      { shape: [2, 3], low: 0.5, high: 2 },
      { shape: [], low: 2, high: 3 },
    ],
  },
])
const Neg = op('Neg', 1, ({ gradients: [g] }) => [neg(g!)], x())
const Exp = op('Exp', 1, ({ outputs: [y], gradients: [g] }) => [mul(g!, y)], x())
const Log = op('Log', 1, ({ inputs: [a], gradients: [g] }) => [div(g!, a)], x(0.3, 3))
const Sqrt = op('Sqrt', 1, ({ outputs: [y], gradients: [g] }) => [div(mul(g!, 0.5), y)], x(0.3, 3))
const Abs = op(
  'Abs',
  1,
  ({ inputs: [a], gradients: [g] }) => [mul(g!, sub(mul(mask(greaterOrEqual(a, 0)), 2), 1))],
  x(),
)
const Sigmoid = op('Sigmoid', 1, ({ outputs: [y], gradients: [g] }) => [mul(g!, mul(y, sub(1, y)))], x())
const Tanh = op('Tanh', 1, ({ outputs: [y], gradients: [g] }) => [mul(g!, sub(1, mul(y, y)))], x())
const Erf = op(
  'Erf',
  1,
  ({ inputs: [a], gradients: [g] }) => [mul(g!, mul(exp(neg(mul(a, a))), 2 / Math.sqrt(Math.PI)))],
  x(),
)
const Relu = op('Relu', 1, ({ inputs: [a], gradients: [g] }) => [mul(g!, mask(greaterOrEqual(a, 0)))], x())
const Softplus = op('Softplus', 1, ({ inputs: [a], gradients: [g] }) => [mul(g!, sigmoid(a))], x())
const Floor = op('Floor', 1, none('piecewise constant'), x())
/** Small whole numbers, so that equal pairs occur. */
const whole: OpExample = {
  inputs: [
    { shape: [4, 5], dtype: 'int32', low: 0, high: 2 },
    { shape: [5], dtype: 'int32', low: 0, high: 2 },
  ],
}
const comparison = (name: string): Op =>
  op(name, 2, none('boolean output'), [whole, ...(name === 'Equal' ? [] : ab())], 'bool')
const Greater = comparison('Greater')
const GreaterOrEqual = comparison('GreaterOrEqual')
const Less = comparison('Less')
const LessOrEqual = comparison('LessOrEqual')
const Equal = comparison('Equal')
const And = op(
  'And',
  2,
  none('boolean output'),
  [
    {
      inputs: [
        { shape: [9], dtype: 'bool' },
        { shape: [9], dtype: 'bool' },
      ],
    },
  ],
  'bool',
)
const Not = op('Not', 1, none('boolean output'), [{ inputs: [{ shape: [9], dtype: 'bool' }] }], 'bool')
const Where: Op = {
  name: 'Where',
  infer([c, a, b]) {
    if (c!.dtype !== 'bool') throw new Error('the condition must be bool')
    return [{ shape: broadcastAll([c, a, b]), dtype: sameDtype([a, b]) }]
  },
  grad: ({ inputs: [c], gradients: [g] }) => [null, mul(g!, mask(c)), mul(g!, sub(1, mask(c)))],
  onnx: {},
  examples: [{ inputs: [{ shape: [2, 1], dtype: 'bool' }, { shape: [2, 3] }, { shape: [3] }] }],
}
const onnxType: Record<DType, number> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 }
const Cast: Op = {
  name: 'Cast',
  infer: ([a], attrs) => [{ shape: a!.shape, dtype: attrs.to as DType }],
  grad: ({ inputs: [a], gradients: [g] }) => [
    a.dtype === 'float32' || a.dtype === 'float16' ? cast(g!, a.dtype) : null,
  ],
  onnx: { attrs: (a) => ({ to: { i: onnxType[a.to as DType] } }) },
  examples: [
    { inputs: [{ shape: [9] }], attrs: { to: 'int32' } },
    { inputs: [{ shape: [9], dtype: 'int32' }], attrs: { to: 'float32' } },
    { inputs: [{ shape: [9], dtype: 'bool' }], attrs: { to: 'float32' } },
  ],
}

type Operand = Value | number
const lift = (a: Operand, like: Value): Value => {
  if (typeof a !== 'number') return a
  return like.dtype === 'float32' ? like.node.graph.scalar(a) : like.node.graph.constant([a], [], like.dtype)
}
const binary =
  (o: Op) =>
  (a: Operand, b: Operand): Value => {
    const like = typeof a === 'number' ? (b as Value) : a
    return like.node.graph.apply(o, [lift(a, like), lift(b, like)])[0]
  }
const unary =
  (o: Op) =>
  (a: Value): Value =>
    a.node.graph.apply(o, [a])[0]

export const add = binary(Add)
export const sub = binary(Sub)
export const mul = binary(Mul)
export const div = binary(Div)
/** Element-wise maximum; where both are equal the gradient goes to the first. */
export const max = binary(Max)
/** Element-wise minimum; where both are equal the gradient goes to the second. */
export const min = binary(Min)
/** `a` to the constant power `b`; the exponent gets no gradient. */
export const pow = binary(Pow)
export const neg = unary(Neg)
export const exp = unary(Exp)
export const log = unary(Log)
export const sqrt = unary(Sqrt)
export const abs = unary(Abs)
export const sigmoid = unary(Sigmoid)
export const tanh = unary(Tanh)
/** Error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to a. */
export const erf = unary(Erf)
export const relu = unary(Relu)
export const softplus = unary(Softplus)
export const floor = unary(Floor)
export const greater = binary(Greater)
export const greaterOrEqual = binary(GreaterOrEqual)
export const less = binary(Less)
export const lessOrEqual = binary(LessOrEqual)
export const equal = binary(Equal)
export const and = binary(And)
export const not = unary(Not)
export const where = (c: Value, a: Operand, b: Operand): Value => {
  const like = typeof a === 'number' ? (b as Value) : a
  return c.node.graph.apply(Where, [
    c,
    typeof like === 'number' ? c.node.graph.scalar(a as number) : lift(a, like),
    typeof like === 'number' ? c.node.graph.scalar(b as number) : lift(b, like),
  ])[0]
}
export const cast = (a: Value, to: DType): Value => (a.dtype === to ? a : a.node.graph.apply(Cast, [a], { to })[0])
/** A bool value as 0 or 1 in float32. */
export const mask = (a: Value): Value => cast(a, 'float32')

export const elementwiseOps = {
  Add,
  Sub,
  Mul,
  Div,
  Max,
  Min,
  Pow,
  Neg,
  Exp,
  Log,
  Sqrt,
  Abs,
  Sigmoid,
  Tanh,
  Erf,
  Relu,
  Softplus,
  Floor,
  Greater,
  GreaterOrEqual,
  Less,
  LessOrEqual,
  Equal,
  And,
  Not,
  Where,
  Cast,
}
