/** Softmax cross-entropy with label smoothing (Szegedy et al. 2016, arXiv:1512.00567), PyTorch's convention: e/K on all. */
import type { Value } from '../../engine/graph'
import { div, equal, exp, log, mask, mul, add, reduceMax, reduceSum, stopGradient, sub } from '../../engine/ops'
import type { TaskLoss } from '../tasks/define'

/**
 * @param logits [N, classes].
 * @param truth [N, 1] class indexes.
 * @returns the mean over the images; `accuracy` is the share whose largest logit is the right one.
 */
export function crossEntropy(
  logits: Value,
  truth: Value,
  { classes, smoothing }: { classes: number; smoothing: number },
): TaskLoss {
  const { graph } = logits.node
  return graph.scope('loss', () => {
    const [n] = logits.shape
    const range = graph.constant(
      Array.from({ length: classes }, (_, i) => i),
      [1, classes],
    )
    const oneHot = mask(equal(truth, range))
    const wanted = add(mul(oneHot, 1 - smoothing), smoothing / classes)
    // Shifted by the largest logit, so that no exponential overflows.
    const top = stopGradient(reduceMax(logits, [1], true))
    const shifted = sub(logits, top)
    const logProbability = sub(shifted, log(reduceSum(exp(shifted), [1], true)))
    const total = div(reduceSum(mul(mul(wanted, logProbability), -1), [0, 1]), n)
    const right = mul(mask(equal(stopGradient(logits), top)), oneHot)
    return { total, metrics: { loss: total, accuracy: div(reduceSum(right, [0, 1]), n) } }
  })
}
