/**
 * Softmax cross-entropy with label smoothing (Szegedy et al. 2016, arXiv:1512.00567), PyTorch's convention: e/K on all;
 * pictures of several images have their classes in shares (Yun et al. 2019, arXiv:1905.04899).
 */
import type { Value } from '../../engine/graph'
import { div, equal, exp, log, mask, mul, add, reduceMax, reduceSum, slice, stopGradient, sub } from '../../engine/ops'
import type { TaskLoss } from '../tasks/define'

/**
 * @param logits [N, classes].
 * @param truth class indexes and their shares, which add up to 1, both [N, R].
 * @returns the mean over the images; `accuracy` is the share whose largest logit is the right one, of two classes as much
 *   as its share.
 */
export function crossEntropy(
  logits: Value,
  truth: { classes: Value; shares: Value },
  { classes, smoothing }: { classes: number; smoothing: number },
): TaskLoss {
  const { graph } = logits.node
  return graph.scope('loss', () => {
    const [n] = logits.shape
    const range = graph.constant(
      Array.from({ length: classes }, (_, i) => i),
      [1, classes],
    )
    const rows = truth.classes.shape[1]
    const ofRow = Array.from({ length: rows }, (_, row) => {
      const [label, share] = [truth.classes, truth.shares].map((one) => slice(one, 1, row, row + 1))
      return mul(mask(equal(label, range)), share)
    })
    const oneHot = ofRow.reduce((sum, one) => add(sum, one))
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
