import { add, mul, sqrt, sub } from '../../engine/ops'
import { defineRestorationLoss } from './define'
import { meanOf } from './means'

/** sqrt(d^2 + 1e-6): L1 with a round tip. */
export default defineRestorationLoss({
  title: 'Charbonnier',
  source: 'Charbonnier et al. 1994; Lai et al. 2017, arXiv:1704.03915',
  weight: 1,
  build(output, truth) {
    const apart = sub(output, truth)
    return meanOf(sqrt(add(mul(apart, apart), 1e-6)))
  },
})
