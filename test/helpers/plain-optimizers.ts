/** Optimizers written out in float64, as their articles and PyTorch define them: one update of one number list. */
export interface PlainSettings {
  lr: number
  /** Momentum, or beta 1. */
  momentum: number
  beta2: number
  decay: number
}
export interface PlainState {
  w: number[]
  first: number[]
  second: number[]
  step: number
}

export const plainOptimizers: Record<string, (at: PlainState, g: readonly number[], s: PlainSettings) => void> = {
  sgd(at, g, { lr, momentum, decay }) {
    at.w.forEach((w, i) => {
      const slope = g[i] + decay * w
      at.first[i] = momentum * at.first[i] + slope
      at.w[i] = w - lr * (slope + momentum * at.first[i])
    })
  },
  adam(at, g, { lr, momentum, beta2, decay }) {
    at.step++
    at.w.forEach((w, i) => {
      const slope = g[i] + decay * w
      at.first[i] = momentum * at.first[i] + (1 - momentum) * slope
      at.second[i] = beta2 * at.second[i] + (1 - beta2) * slope * slope
      const mean = at.first[i] / (1 - momentum ** at.step)
      const square = at.second[i] / (1 - beta2 ** at.step)
      at.w[i] = w - (lr * mean) / (Math.sqrt(square) + 1e-8)
    })
  },
  adamw(at, g, settings) {
    const before = [...at.w]
    plainOptimizers.adam(at, g, { ...settings, decay: 0 })
    at.w.forEach((_, i) => (at.w[i] -= settings.lr * settings.decay * before[i]))
  },
}
