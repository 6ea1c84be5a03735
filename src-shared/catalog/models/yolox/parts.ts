/** Building blocks of YOLOX (Ge et al. 2021, arXiv:2107.08430), names as in the original state dict. */
import type { Value } from '../../../engine/graph'
import type { Activation, Nn } from '../../../engine/nn'
import { add, concat, maxPool, upsample } from '../../../engine/ops'

/** A 3x3 (or k x k) convolution block, depth-wise separable when the model says so. */
export type SpatialConv = (name: string, x: Value, out: number, kernel: number, stride?: number) => Value

export function spatialConv(nn: Nn, depthwise: boolean, activation: Activation = 'silu'): SpatialConv {
  if (!depthwise) return (name, x, out, kernel, stride = 1) => nn.convBn(name, x, out, kernel, { stride, activation })
  return (name, x, out, kernel, stride = 1) =>
    nn.scope(name, () => {
      const spatial = nn.convBn('dconv', x, x.shape[1], kernel, { stride, groups: x.shape[1], activation })
      return nn.convBn('pconv', spatial, out, 1, { activation })
    })
}

/** Cross-stage-partial layer: two 1x1 branches of half width, one through n bottlenecks, joined by a 1x1. */
export function cspLayer(
  nn: Nn,
  name: string,
  x: Value,
  out: number,
  n: number,
  shortcut: boolean,
  conv: SpatialConv,
): Value {
  return nn.scope(name, () => {
    const hidden = Math.floor(out * 0.5)
    let a = nn.convBnSilu('conv1', x, hidden, 1)
    const b = nn.convBnSilu('conv2', x, hidden, 1)
    for (let i = 0; i < n; i++) {
      a = nn.scope(`m.${i}`, () => {
        const y = conv('conv2', nn.convBnSilu('conv1', a, hidden, 1), hidden, 3)
        return shortcut ? add(y, a) : y
      })
    }
    return nn.convBnSilu('conv3', concat([a, b], 1), out, 1)
  })
}

/**
 * Spatial pyramid pooling with windows 5, 9 and 13. The large windows are not chains of the small one: chained maxima
 * tie with their neighbours, and tied positions would each receive the whole gradient.
 */
export function sppBottleneck(nn: Nn, name: string, x: Value, out: number, activation: Activation = 'silu'): Value {
  return nn.scope(name, () => {
    const y = nn.convBn('conv1', x, x.shape[1] / 2, 1, { activation })
    return nn.convBn('conv2', concat([y, maxPool(y, 5), maxPool(y, 9), maxPool(y, 13)], 1), out, 1, { activation })
  })
}

export interface Features {
  /** Strides 8, 16, 32. */
  p3: Value
  p4: Value
  p5: Value
}

/** CSPDarknet: stem at stride 2 on the Focus of the image, then four stages. */
export function cspDarknet(nn: Nn, focused: Value, base: number, depth: number, conv: SpatialConv): Features {
  return nn.scope('backbone', () => {
    let x = nn.scope('stem', () => nn.convBnSilu('conv', focused, base, 3))
    const stage = (name: string, out: number, repeats: number) =>
      nn.scope(name, () => cspLayer(nn, '1', conv('0', x, out, 3, 2), out, repeats, true, conv))
    x = stage('dark2', base * 2, depth)
    const p3 = (x = stage('dark3', base * 4, depth * 3))
    const p4 = (x = stage('dark4', base * 8, depth * 3))
    const p5 = nn.scope('dark5', () => {
      const y = sppBottleneck(nn, '1', conv('0', p4, base * 16, 3, 2), base * 16)
      return cspLayer(nn, '2', y, base * 16, depth, false, conv)
    })
    return { p3, p4, p5 }
  })
}

/** Path-aggregation neck: top-down then bottom-up. */
export function pafpn(nn: Nn, { p3, p4, p5 }: Features, base: number, depth: number, conv: SpatialConv): Features {
  const lateral = nn.convBnSilu('lateral_conv0', p5, base * 8, 1)
  const down4 = cspLayer(nn, 'C3_p4', concat([upsample(lateral, 2), p4], 1), base * 8, depth, false, conv)
  const reduced = nn.convBnSilu('reduce_conv1', down4, base * 4, 1)
  const out3 = cspLayer(nn, 'C3_p3', concat([upsample(reduced, 2), p3], 1), base * 4, depth, false, conv)
  const up4 = conv('bu_conv2', out3, base * 4, 3, 2)
  const out4 = cspLayer(nn, 'C3_n3', concat([up4, reduced], 1), base * 8, depth, false, conv)
  const up5 = conv('bu_conv1', out4, base * 8, 3, 2)
  const out5 = cspLayer(nn, 'C3_n4', concat([up5, lateral], 1), base * 16, depth, false, conv)
  return { p3: out3, p4: out4, p5: out5 }
}
