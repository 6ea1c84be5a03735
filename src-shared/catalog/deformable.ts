/** Both versions of deformable convolution. */
import { z } from 'zod'
import { TagwrightError } from '../base/errors'
import type { Value } from '../engine/graph'
import type { Init, Nn } from '../engine/nn'
import { deformColumns, matmul, reshape, sigmoid } from '../engine/ops'
import { finishConv } from './conv-block'

export const deformParams = {
  dilation: z.int().min(1).default(1),
  groups: z.int().min(1).default(1),
  /** Channels in so many groups have offsets of their own. */
  offsetGroups: z.int().min(1).default(1),
}

interface Params {
  out: number | null
  kernel: number
  stride: number
  dilation: number
  groups: number
  offsetGroups: number
  activation: 'silu' | 'leaky-relu' | 'relu' | 'none'
}

/** @param modulated version 2: taps have learned factors. */
export function deformableConv(
  nn: Nn,
  x: Value,
  params: Params,
  { modulated, identity }: { modulated: boolean; identity: boolean },
): Value {
  const { kernel, stride, dilation, groups, offsetGroups } = params
  const [n, c] = x.shape
  const out = params.out ?? c
  if (c % groups || out % groups || c % offsetGroups)
    throw new TagwrightError(
      'bad-recipe',
      `${groups} groups and ${offsetGroups} offset groups do not fit ${c} channels in and ${out} out. Choose numbers that divide them.`,
      { groups, offsetGroups, channels: c, out },
    )
  const taps = offsetGroups * kernel * kernel
  const zero: Init = { kind: 'constant', value: 0 }
  const still = { stride, dilation, bias: true, biasInit: 0, init: zero }
  const offset = nn.conv2d('offset', x, 2 * taps, kernel, still)
  const modulation = modulated ? sigmoid(nn.conv2d('modulation', x, taps, kernel, still)) : undefined
  const [, , ho, wo] = offset.shape
  const weight = nn.param('weight', [out, c / groups, kernel, kernel], { kind: 'conv' }, 'weight')
  // Positions need all their digits: files in half precision keep this part in full (see detector-inference).
  const columns = nn.graph.scope('sample', () =>
    deformColumns(
      x,
      offset,
      { kernel, stride, dilation, padding: (dilation * (kernel - 1)) >> 1, offsetGroups },
      modulation,
      !nn.training,
    ),
  )
  const per = (c / groups) * kernel * kernel
  const y = matmul(reshape(weight, [1, groups, out / groups, per]), reshape(columns, [n, groups, per, ho * wo]))
  return finishConv(nn, x, reshape(y, [n, out, ho, wo]), params, identity)
}
