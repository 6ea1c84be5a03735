/**
 * Stochastic weight averaging, Izmailov et al. 2018, arXiv:1803.05407: the plain mean of the weights at the ends of epochs
 * late in a run. Norms have no statistics for it; see update-norms.ts.
 */
import type { Tensors } from './stepper'

export class StochasticAverage {
  /** Weights that it is the mean of. */
  count = 0
  /** Parameters by name; empty before the first. */
  mean: Tensors = new Map()

  add(params: Tensors): void {
    this.count++
    if (this.count === 1) {
      this.mean = new Map([...params].map(([name, data]) => [name, data.slice()]))
      return
    }
    for (const [name, mean] of this.mean) {
      const now = params.get(name)!
      for (let i = 0; i < mean.length; i++) mean[i] += (now[i] - mean[i]) / this.count
    }
  }

  load(mean: Tensors, count: number): void {
    this.mean = mean
    this.count = count
  }
}

/** Whether the weights at the end of an epoch count. @param done epochs done. */
export function isAveraged(
  { averages: { swa }, epochs }: { averages: { swa: { start: number | null; cycle: number } }; epochs: number },
  done: number,
): boolean {
  if (swa.start === null) return false
  const since = done - swaEpoch(swa.start, epochs)
  // With a cycle its end counts, where the rate is lowest.
  return since > 0 && (swa.cycle === 0 || since % swa.cycle === 0)
}

/** First epoch (0-based) of the averaging. */
export const swaEpoch = (start: number, epochs: number): number => Math.min(epochs - 1, Math.floor(start * epochs))
