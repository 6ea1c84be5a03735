import type { Rng } from './rng'

/** A number of Beta(alpha, alpha), 0..1: a share of two gamma-distributed ones. @param alpha above 0. */
export function drawBeta(rng: Rng, alpha: number): number {
  const a = drawGamma(rng, alpha)
  const b = drawGamma(rng, alpha)
  // Both can only vanish for a tiny alpha, where one of the two has all.
  return a + b > 0 ? a / (a + b) : Number(rng.chance(0.5))
}

/** Gamma(shape, 1) by Marsaglia and Tsang 2000, with their step for shapes below 1. */
function drawGamma(rng: Rng, shape: number): number {
  if (shape < 1) return drawGamma(rng, shape + 1) * (1 - rng.next()) ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = rng.normal()
    const v = (1 + c * x) ** 3
    if (v <= 0) continue
    if (Math.log(1 - rng.next()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v
  }
}
