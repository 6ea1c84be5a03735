/** Elementwise ops of the float64 interpreter. */
import { type RefRule, broadcastStrides, eachIndex, offset } from './tensor'

/** Applies a function of numbers at every position, with broadcasting. */
export const map =
  (f: (...values: number[]) => number): RefRule =>
  ({ inputs, like }) => {
    const y = like(0)
    if (inputs.every((t) => t.data.length === y.data.length || t.data.length === 1)) {
      const [a, b, c] = inputs.map((t) => ({ data: t.data, step: t.data.length === 1 ? 0 : 1 }))
      const last = c ?? b ?? a
      for (let i = 0; i < y.data.length; i++)
        y.data[i] = f(a.data[i * a.step], (b ?? a).data[i * (b ?? a).step], last.data[i * last.step])
      return [y]
    }
    const steps = inputs.map((t) => broadcastStrides(t.shape, y.shape))
    eachIndex(y.shape, (index, at) => {
      y.data[at] = f(...inputs.map((t, i) => t.data[offset(index, steps[i])]))
    })
    return [y]
  }

const truth = (f: (a: number, b: number) => boolean): RefRule => map((a, b) => (f(a, b) ? 1 : 0))
export const logistic = (x: number): number => 1 / (1 + Math.exp(-x))
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

/** e^(-x^2) times a series of positive terms (Abramowitz and Stegun 7.1.6), exact to the last digits. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x)
  let [term, sum] = [x, x]
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) sum += term *= (2 * x * x) / (2 * n + 1)
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

export const elementwise = {
  Add: map((a, b) => a + b),
  Sub: map((a, b) => a - b),
  Mul: map((a, b) => a * b),
  Div: map((a, b) => a / b),
  Max: map((a, b) => Math.max(a, b)),
  Min: map((a, b) => Math.min(a, b)),
  Pow: map((a, b) => a ** b),
  Neg: map((a) => -a),
  Exp: map(Math.exp),
  Log: map(Math.log),
  Sqrt: map(Math.sqrt),
  Abs: map(Math.abs),
  Sigmoid: map(logistic),
  Tanh: map(Math.tanh),
  Erf: map(erf),
  Relu: map((a) => Math.max(a, 0)),
  Softplus: map(softplus),
  Floor: map(Math.floor),
  Greater: truth((a, b) => a > b),
  GreaterOrEqual: truth((a, b) => a >= b),
  Less: truth((a, b) => a < b),
  LessOrEqual: truth((a, b) => a <= b),
  Equal: truth((a, b) => a === b),
  And: truth((a, b) => a !== 0 && b !== 0),
  Not: map((a) => (a === 0 ? 1 : 0)),
  Where: map((c, a, b) => (c !== 0 ? a : b)),
  Cast: (({ inputs: [x], node, like }) => {
    const y = like(0)
    const to = node.attrs.to
    // C conversions: towards zero for whole numbers, "not zero" for bool.
    const convert =
      to === 'bool'
        ? (v: number) => (v !== 0 ? 1 : 0)
        : to === 'float32' || to === 'float16'
          ? (v: number) => v
          : Math.trunc
    y.data.set(x.data.map(convert))
    return [y]
  }) as RefRule,
  LeakyRelu: (({ node, ...at }) =>
    map((x) => (x > 0 ? x : (node.attrs.alpha as number) * x))({ node, ...at })) as RefRule,
  LeakyReluGrad: (({ node, ...at }) =>
    map((dy, x) => (x > 0 ? dy : (node.attrs.alpha as number) * dy))({ node, ...at })) as RefRule,
  Silu: map((x) => x * logistic(x)),
  SiluGrad: map((dy, x, y) => dy * logistic(x) * (1 + x - y)),
  BceWithLogits: map((x, t) => softplus(x) - x * t),
}
