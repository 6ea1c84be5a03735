import type { Value } from '../../../engine/graph'
import type { Nn } from '../../../engine/nn'
import { add, mul, reduceMean, split } from '../../../engine/ops'
import { localMean } from './local-mean'

/** The product of the two halves of the channels. */
export function simpleGate(x: Value): Value {
  const half = x.shape[1] / 2
  const [a, b] = split(x, [half, half], 1)
  return mul(a, b)
}

/**
 * NAFNet's block. Both branches start at zero, so that a new network is the identity.
 * @param window side of the local windows of channel attention in cells of this level; 0: the whole map (training).
 */
export function nafBlock(nn: Nn, name: string, x: Value, window: number): Value {
  const c = x.shape[1]
  return nn.scope(name, () => {
    const beta = nn.param('beta', [1, c, 1, 1], { kind: 'constant', value: 0 }, 'norm')
    const gamma = nn.param('gamma', [1, c, 1, 1], { kind: 'constant', value: 0 }, 'norm')
    let y = nn.conv2d('conv1', nn.channelNorm('norm1', x), 2 * c, 1, { bias: true })
    y = simpleGate(nn.conv2d('conv2', y, 2 * c, 3, { groups: 2 * c, bias: true }))
    const mean = window > 0 ? localMean(y, window) : reduceMean(y, [2, 3], true)
    y = mul(y, nn.conv2d('sca.1', mean, c, 1, { bias: true }))
    const z = add(x, mul(nn.conv2d('conv3', y, c, 1, { bias: true }), beta))
    const wide = nn.conv2d('conv4', nn.channelNorm('norm2', z), 2 * c, 1, { bias: true })
    return add(z, mul(nn.conv2d('conv5', simpleGate(wide), c, 1, { bias: true }), gamma))
  })
}
