/** What the blocks of the convolution family share: their parameters, and batch norm and activation at the end. */
import { z } from 'zod'
import type { Value } from '../engine/graph'
import { type Nn, activate } from '../engine/nn'
import { applyResidual } from './identity-start'

export const convParams = {
  /** Channels of the output; null: as many as the input has. */
  out: z.int().min(1).nullable().default(null),
  kernel: z
    .int()
    .min(1)
    .refine((k) => k % 2 === 1, 'must be odd')
    .default(3),
  stride: z.int().min(1).default(1),
  activation: z.enum(['silu', 'leaky-relu', 'relu', 'none']).default('silu'),
}

/** Batch norm `bn` with PyTorch's constants, activation, and the way back to the input. */
export function finishConv(
  nn: Nn,
  x: Value,
  y: Value,
  { activation }: { activation: z.output<(typeof convParams)['activation']> },
  identity: boolean,
): Value {
  const normal = nn.batchNorm('bn', y, { epsilon: 1e-5, momentum: 0.9 })
  return applyResidual(nn, x, activate(normal, activation), identity)
}
