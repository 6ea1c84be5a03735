/** Adam, Kingma and Ba 2015, arXiv:1412.6980, with coupled weight decay as in torch.optim.Adam; eps 1e-8. */
import { defineOptimizer } from '../../engine/optimizer'
import { add, mul } from '../../engine/ops'
import { adamScalars, adamStep } from './adamw'

export default defineOptimizer({
  title: 'Adam',
  auto: { lr: 'model', batch: 'root', weightDecay: 5e-4 },
  states: ['mean', 'square'],
  scalars: adamScalars,
  update({ w, g, lr, states, scalars, decay }) {
    return adamStep(w, decay ? add(g, mul(w, decay)) : g, lr, states, scalars)
  },
})
