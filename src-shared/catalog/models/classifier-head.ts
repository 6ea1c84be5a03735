import type { Value } from '../../engine/graph'
import type { Nn } from '../../engine/nn'
import { add, matmul, transpose } from '../../engine/ops'

/** One fully connected layer `head`, PyTorch's names and initial values. @param x [N, C]. @returns logits [N, classes]. */
export function linearHead(nn: Nn, x: Value, classes: number): Value {
  const [, channels] = x.shape
  return nn.scope('head', () => {
    const weight = nn.param('weight', [classes, channels], { kind: 'conv' }, 'weight')
    const bias = nn.param('bias', [classes], { kind: 'uniform', bound: 1 / Math.sqrt(channels) }, 'bias')
    return add(matmul(x, transpose(weight, [1, 0])), bias)
  })
}
