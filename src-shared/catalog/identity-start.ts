/** How blocks start as the identity: a trained factor that is zero at first (Bachlechner et al. 2021, arXiv:2003.04887). */
import type { Value } from '../engine/graph'
import type { Nn } from '../engine/nn'
import { add, mul, sub } from '../engine/ops'

const gainOf = (nn: Nn, channels: number): Value =>
  nn.param('gain', [1, channels, 1, 1], { kind: 'constant', value: 0 }, 'norm')

/**
 * x times a gate of 0..1. With `identity` x (1 + g (gate - 1)): at g = 0 the input itself, at g = 1 the paper's product.
 * @param gate broadcasts to x: a number for each channel [N, C, 1, 1] or for each place [N, 1, H, W].
 */
export function applyGate(nn: Nn, x: Value, gate: Value, identity: boolean): Value {
  return mul(x, identity ? add(mul(gainOf(nn, gate.shape[1]), sub(gate, 1)), 1) : gate)
}

/** What a convolution gives; with `identity` x + g f(x). @throws `Error` when their shapes differ. */
export function applyResidual(nn: Nn, x: Value, result: Value, identity: boolean): Value {
  if (!identity) return result
  if (x.shape.join() !== result.shape.join())
    throw new Error(`the block makes [${result.shape}] of [${x.shape}] and cannot start as the identity`)
  return add(x, mul(result, gainOf(nn, x.shape[1])))
}
