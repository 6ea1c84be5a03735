/**
 * LARS, You et al. 2017, arXiv:1708.03888: momentum in which the step of each weight is as large as the weight says,
 * trust |w| / (|g| + decay |w|) with trust .001. Biases and norms take the plain step, as in the authors' later code.
 */
import { defineOptimizer, inView } from '../../engine/optimizer'
import { add, div, equal, mask, mul, reduceSumSquare, sqrt, sub } from '../../engine/ops'

const TRUST = 0.001

export default defineOptimizer({
  title: 'LARS (layer-wise rates, for large batches)',
  // Steps are a thousandth of the weight times the rate, and plain steps for biases and norms.
  auto: { lr: 0.05, batch: 'linear', weightDecay: 5e-4 },
  states: ['velocity'],
  whole: true,
  scalars: (_, { momentum }) => ({ momentum }),
  update({ w, g, lr, states: { velocity }, scalars: { momentum }, decay, weight }) {
    const slope = decay ? add(g, mul(w, decay)) : g
    let step = mul(slope, lr)
    if (weight) {
      const [weights, slopes] = [w, g].map((v) => sqrt(reduceSumSquare(inView(v, weight), [0, 1, 2])))
      const longest = add(slopes, mul(weights, decay))
      // A weight or a gradient of zeros has no direction: there the factor is 1.
      const still = mask(equal(mul(weights, slopes), 0))
      const factor = add(mul(div(mul(weights, TRUST), add(longest, still)), sub(1, still)), still)
      step = mul(step, factor)
    }
    const next = add(mul(velocity, momentum), step)
    return { w: sub(w, next), states: { velocity: next } }
  },
})
