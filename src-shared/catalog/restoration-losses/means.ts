import type { Value } from '../../engine/graph'
import { div, log, mul, reduceMean, reduceSum, add, sub } from '../../engine/ops'

const axes = (x: Value): number[] => x.shape.map((_, i) => i)

/** Mean of all numbers: a scalar. */
export const meanOf = (x: Value): Value =>
  div(
    reduceSum(x, axes(x)),
    x.shape.reduce((a, b) => a * b, 1),
  )

/** Mean over the images of the batch of 10 log10(MSE of the image + 1e-8): minus the PSNR for values 0..1. */
export function negativePsnr(output: Value, truth: Value): Value {
  const apart = sub(output, truth)
  const each = reduceMean(mul(apart, apart), [1, 2, 3])
  return meanOf(mul(log(add(each, 1e-8)), 10 / Math.LN10))
}
