import type { Value } from '../../engine/graph'
import type { Nn } from '../../engine/nn'
import { add, div, matmul, mul, reduceMean, sqrt, sub, transpose } from '../../engine/ops'

/**
 * Layer normalisation without parameters (Ba et al. 2016, arXiv:1607.06450), then one fully connected layer `head` with
 * PyTorch's names and initial values. Trunks differ in the size of their features by orders of magnitude; normalised, one
 * learning rate does for all.
 * @param x [N, C]. @returns logits [N, classes].
 */
export function linearHead(nn: Nn, x: Value, classes: number): Value {
  const [, channels] = x.shape
  return nn.scope('head', () => {
    const centred = sub(x, reduceMean(x, [1], true))
    const normal = div(centred, sqrt(add(reduceMean(mul(centred, centred), [1], true), 1e-6)))
    const weight = nn.param('weight', [classes, channels], { kind: 'conv' }, 'weight')
    const bias = nn.param('bias', [classes], { kind: 'uniform', bound: 1 / Math.sqrt(channels) }, 'bias')
    return add(matmul(normal, transpose(weight, [1, 0])), bias)
  })
}
