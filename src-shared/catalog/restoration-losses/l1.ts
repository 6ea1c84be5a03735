import { abs, sub } from '../../engine/ops'
import { defineRestorationLoss } from './define'
import { meanOf } from './means'

export default defineRestorationLoss({
  title: 'L1',
  source: 'Zhao et al. 2017, arXiv:1511.08861',
  weight: 1,
  build: (output, truth) => meanOf(abs(sub(output, truth))),
})
