/** Stochastic gradient descent with Nesterov momentum and coupled weight decay, as in PyTorch's torch.optim.SGD. */
import { defineOptimizer } from '../../engine/optimizer'
import { add, mul, sub } from '../../engine/ops'

export default defineOptimizer({
  title: 'SGD with Nesterov momentum',
  // YOLOX's rate: .01 for 64 images.
  auto: { lr: 0.00125, batch: 'linear', weightDecay: 5e-4 },
  states: ['velocity'],
  scalars: (_, { momentum }) => ({ momentum }),
  update({ w, g, lr, states: { velocity }, scalars: { momentum }, decay }) {
    const slope = decay ? add(g, mul(w, decay)) : g
    const next = add(mul(velocity, momentum), slope)
    return { w: sub(w, mul(add(slope, mul(next, momentum)), lr)), states: { velocity: next } }
  },
})
