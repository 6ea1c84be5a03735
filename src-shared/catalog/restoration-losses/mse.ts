import { mul, sub } from '../../engine/ops'
import { defineRestorationLoss } from './define'
import { meanOf } from './means'

export default defineRestorationLoss({
  title: 'Mean squared error',
  source: 'the loss of DnCNN, arXiv:1608.03981',
  weight: 1,
  build(output, truth) {
    const apart = sub(output, truth)
    return meanOf(mul(apart, apart))
  },
})
