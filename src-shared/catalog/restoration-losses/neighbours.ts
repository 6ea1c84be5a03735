import { abs, add, slice, sub } from '../../engine/ops'
import type { Value } from '../../engine/graph'
import { defineRestorationLoss } from './define'
import { meanOf } from './means'

/** How far the differences of adjacent pixels are apart, in both directions: keeps edges and flat areas. */
export default defineRestorationLoss({
  title: 'Adjacent pixels',
  source: 'the gradient difference loss of Mathieu et al. 2016, arXiv:1511.05440, with exponent 1 and signs',
  weight: 1,
  build(output, truth) {
    const apart = sub(output, truth)
    const step = (x: Value, axis: number) => {
      const side = x.shape[axis]
      return sub(slice(x, axis, 1, side), slice(x, axis, 0, side - 1))
    }
    return add(meanOf(abs(step(apart, 3))), meanOf(abs(step(apart, 2))))
  },
})
