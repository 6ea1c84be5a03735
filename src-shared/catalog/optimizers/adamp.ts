/**
 * AdamP, Heo et al. 2021, arXiv:2006.08217: Adam whose step loses its part along the weight where the loss does not
 * depend on the weight's length (before a batch norm): there that part only makes the weight longer and the next steps
 * smaller. Such a weight is known by a gradient at a right angle, |cos(w, g)| < .1 / sqrt(numbers), of all output channels
 * or else of the weight as a whole; its decay is a tenth. Decay is decoupled. Biases and norms are as in AdamW.
 */
import type { Value } from '../../engine/graph'
import { type WeightView, defineOptimizer, inView } from '../../engine/optimizer'
import {
  abs,
  add,
  div,
  less,
  mask,
  mul,
  reduceMax,
  reduceSum,
  reduceSumSquare,
  reshape,
  sqrt,
  sub,
} from '../../engine/ops'
import { adamScalars, adamDirection } from './adamw'

const DELTA = 0.1
const DECAY_RATIO = 0.1
const EPSILON = 1e-8

export default defineOptimizer({
  title: 'AdamP (Adam that keeps weights before norms short)',
  auto: { lr: 'model', batch: 'root', weightDecay: 'task' },
  states: ['mean', 'square'],
  whole: true,
  scalars: adamScalars,
  update({ w, g, lr, states, scalars, decay, weight }) {
    const { direction, states: next } = adamDirection(g, states, scalars)
    const { step, ratio } = weight ? project(w, g, direction, weight) : { step: direction, ratio: null }
    const shorter = decay ? mul(w, sub(1, mul(mul(lr, decay), ratio ?? 1))) : w
    return { w: sub(shorter, mul(step, lr)), states: next }
  },
})

/** The step without its part along the weight, and what the decay is multiplied by. */
function project(w: Value, g: Value, direction: Value, weight: WeightView): { step: Value; ratio: Value } {
  const [weights, slopes, steps] = [w, g, direction].map((v) => inView(v, weight))
  const along = (axes: number[]) => {
    const length = (v: Value) => add(sqrt(reduceSumSquare(v, axes, true)), EPSILON)
    const cosine = div(abs(reduceSum(mul(weights, slopes), axes, true)), mul(length(weights), length(slopes)))
    const unit = div(weights, length(weights))
    return { cosine, part: mul(unit, reduceSum(mul(unit, steps), axes, true)) }
  }
  const [channel, layer] = [along([1]), along([0, 1, 2])]
  const isBelow = (cosine: Value, numbers: number) => mask(less(cosine, DELTA / Math.sqrt(numbers)))
  const each = isBelow(reduceMax(channel.cosine, [0, 1, 2]), weight.perChannel)
  const all = mul(isBelow(reshape(layer.cosine, []), weight.total), sub(1, each))
  const parts = add(mul(channel.part, each), mul(layer.part, all))
  return {
    step: sub(direction, reshape(parts, direction.shape)),
    ratio: sub(1, mul(add(each, all), 1 - DECAY_RATIO)),
  }
}
