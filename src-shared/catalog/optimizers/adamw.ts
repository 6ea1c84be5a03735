/** AdamW: Adam with decoupled weight decay, Loshchilov and Hutter 2019, arXiv:1711.05101; eps 1e-8. */
import type { Value } from '../../engine/graph'
import { type OptimizerSettings, defineOptimizer } from '../../engine/optimizer'
import { add, div, mul, sqrt, sub } from '../../engine/ops'

/** `momentum` is beta 1. Bias corrections are folded into two scalars, so that no recompile is needed. */
export const adamScalars = (step: number, { momentum, beta2 }: OptimizerSettings): Record<string, number> => ({
  beta1: momentum,
  beta2,
  correction1: 1 - momentum ** step,
  correction2: 1 - beta2 ** step,
})

/** mean / (sqrt(square) + eps), both with their bias corrected: what is multiplied by the learning rate. */
export function adamDirection(
  g: Value,
  states: Readonly<Record<string, Value>>,
  s: Readonly<Record<string, Value>>,
): { direction: Value; states: { mean: Value; square: Value } } {
  const mean = add(mul(states.mean, s.beta1), mul(g, sub(1, s.beta1)))
  const square = add(mul(states.square, s.beta2), mul(mul(g, g), sub(1, s.beta2)))
  const denominator = add(sqrt(div(square, s.correction2)), 1e-8)
  return { direction: div(div(mean, s.correction1), denominator), states: { mean, square } }
}

export function adamStep(
  w: Value,
  g: Value,
  lr: Value,
  states: Readonly<Record<string, Value>>,
  s: Readonly<Record<string, Value>>,
) {
  const { direction, states: next } = adamDirection(g, states, s)
  return { w: sub(w, mul(direction, lr)), states: next }
}

export default defineOptimizer({
  title: 'AdamW',
  auto: { lr: 'model', batch: 'root', weightDecay: 'task' },
  states: ['mean', 'square'],
  scalars: adamScalars,
  update({ w, g, lr, states, scalars, decay }) {
    const next = adamStep(w, g, lr, states, scalars)
    return decay ? { ...next, w: sub(next.w, mul(mul(w, decay), lr)) } : next
  },
})
