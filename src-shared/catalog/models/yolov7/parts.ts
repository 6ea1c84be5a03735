/** Parts of YOLOv7 (Wang et al. 2022, arXiv:2207.02696) as its article describes them. */
import type { Value } from '../../../engine/graph'
import type { Nn } from '../../../engine/nn'
import { add, concat, conv, matmul, maxPool, mul, reshape, upsample } from '../../../engine/ops'

/** Efficient layer aggregation: two 1x1 branches, four 3x3 one after another; every second one is heard at the end. */
export function elan(nn: Nn, name: string, x: Value, hidden: number, out: number): Value {
  return nn.scope(name, () => {
    const a = nn.convBnSilu('branch1', x, hidden, 1)
    const b = nn.convBnSilu('branch2', x, hidden, 1)
    const chain = [b]
    for (let i = 0; i < 4; i++) chain.push(nn.convBnSilu(`chain.${i}`, chain[i], hidden, 3))
    return nn.convBnSilu('out', concat([chain[4], chain[2], b, a], 1), out, 1)
  })
}

/** The neck's form: the chain has half the width, and all six are heard. */
export function elanNeck(nn: Nn, name: string, x: Value, width: number): Value {
  return nn.scope(name, () => {
    const a = nn.convBnSilu('branch1', x, width, 1)
    const b = nn.convBnSilu('branch2', x, width, 1)
    const chain = [b]
    for (let i = 0; i < 4; i++) chain.push(nn.convBnSilu(`chain.${i}`, chain[i], width / 2, 3))
    return nn.convBnSilu('out', concat([...chain.reverse(), a], 1), width, 1)
  })
}

/** Spatial pyramid pooling beside a branch without it. */
export function sppCspc(nn: Nn, name: string, x: Value, width: number): Value {
  return nn.scope(name, () => {
    let y = nn.convBnSilu('conv1', x, width, 1)
    y = nn.convBnSilu('conv4', nn.convBnSilu('conv3', y, width, 3), width, 1)
    // Not chains of the smallest window: tied maxima would each receive the whole gradient.
    y = concat([y, maxPool(y, 5), maxPool(y, 9), maxPool(y, 13)], 1)
    y = nn.convBnSilu('conv6', nn.convBnSilu('conv5', y, width, 1), width, 3)
    return nn.convBnSilu('conv7', concat([y, nn.convBnSilu('conv2', x, width, 1)], 1), width, 1)
  })
}

/** Backbone of five stages: maps of the strides 8, 16, 32, 64. @param width factor of all channels. */
export function elanBackbone(nn: Nn, focused: Value, width: number): Value[] {
  return nn.scope('backbone', () => {
    const channels = [128, 256, 512, 768, 1024].map((c) => c * width)
    let x = nn.convBnSilu('stem', focused, 64 * width, 3)
    const maps = channels.map((out, i) => {
      x = nn.convBnSilu(`down${i + 2}`, x, out, 3, 2)
      return (x = elan(nn, `stage${i + 2}`, x, out / 2, out))
    })
    return maps.slice(1)
  })
}

/** Path aggregation over four levels, top-down and then bottom-up. */
export function elanPafpn(nn: Nn, maps: readonly Value[], width: number): Value[] {
  return nn.scope('neck', () => {
    const channels = [128, 256, 384, 512].map((c) => c * width)
    const top = maps.length - 1
    const down: Value[] = []
    down[top] = sppCspc(nn, 'spp', maps[top], channels[top])
    for (let i = top - 1; i >= 0; i--) {
      const above = upsample(nn.convBnSilu(`reduce${i}`, down[i + 1], channels[i], 1), 2)
      const beside = nn.convBnSilu(`lateral${i}`, maps[i], channels[i], 1)
      down[i] = elanNeck(nn, `down${i}`, concat([beside, above], 1), channels[i])
    }
    const up = [down[0]]
    for (let i = 1; i <= top; i++) {
      const below = nn.convBnSilu(`stride${i}`, up[i - 1], channels[i], 3, 2)
      up.push(elanNeck(nn, `up${i}`, concat([below, down[i]], 1), channels[i]))
    }
    return up.map((x, i) => nn.convBnSilu(`last${i}`, x, 2 * channels[i], 3))
  })
}

/**
 * A 1x1 convolution with implicit knowledge (Wang et al. 2021, arXiv:2105.04206): a trained vector is added to what goes in
 * and another multiplies what comes out. Both are put into its weights, W' = W m and b' = (W a + b) m: maps are passed once,
 * and an exported file has a plain convolution.
 */
export function implicitConv(nn: Nn, name: string, x: Value, out: number, biasInit = 0): Value {
  return nn.scope(name, () => {
    const channels = x.shape[1]
    const weight = nn.param('weight', [out, channels, 1, 1], { kind: 'conv' }, 'weight')
    const bias = nn.param('bias', [out], { kind: 'constant', value: biasInit }, 'bias')
    // Standard deviation .02, as the original draws it; factors begin at their mean.
    const added = nn.param('implicit_add', [channels, 1], { kind: 'uniform', bound: 0.02 * Math.sqrt(3) }, 'norm')
    const factor = nn.param('implicit_mul', [out, 1], { kind: 'constant', value: 1 }, 'norm')
    const matrix = reshape(weight, [out, channels])
    const scaled = reshape(mul(matrix, factor), [out, channels, 1, 1])
    const shift = reshape(mul(add(matmul(matrix, added), reshape(bias, [out, 1])), factor), [out])
    return conv(x, scaled, {}, shift)
  })
}
