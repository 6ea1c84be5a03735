/** Scores of a classifier: top-1, top-5, confusion matrix, and scikit-learn's classification report per class. */

export interface ClassReport {
  label: string
  /** Images of the class. */
  support: number
  /** Images that the model gives the class. */
  predicted: number
  /** 0 where nothing was predicted, or nothing is there (scikit-learn's `zero_division=0`). */
  precision: number
  recall: number
  f1: number
}
interface Averages {
  precision: number
  recall: number
  f1: number
}
export interface ClassEvaluation {
  images: number
  /** Shares of the images, 0..1; -1 without images. */
  top1: number
  top5: number
  /** Mean negative log-likelihood of the right class. */
  loss: number
  perClass: ClassReport[]
  /** Plain mean over the classes that have images, and the mean weighted by their number. */
  macro: Averages
  weighted: Averages
  /** `counts[predicted][true]`. */
  confusion: { labels: string[]; counts: number[][] }
}

export interface ClassResult {
  /** Label index. */
  truth: number
  /** Of each label. */
  probabilities: ArrayLike<number>
}

/** Labels by probability, best first; of equals the lower index first. */
export const rankLabels = (probabilities: ArrayLike<number>): number[] =>
  Array.from({ length: probabilities.length }, (_, i) => i).sort((a, b) => probabilities[b] - probabilities[a] || a - b)

export function evaluateClasses(labels: readonly string[], results: readonly ClassResult[]): ClassEvaluation {
  const counts = labels.map(() => labels.map(() => 0))
  let [top1, top5, loss] = [0, 0, 0]
  for (const { truth, probabilities } of results) {
    const order = rankLabels(probabilities)
    counts[order[0]][truth]++
    if (order[0] === truth) top1++
    if (order.slice(0, 5).includes(truth)) top5++
    // A probability that was rounded to nothing must not make the mean infinite.
    loss -= Math.log(Math.max(probabilities[truth], 1e-12))
  }
  const perClass = labels.map((label, k): ClassReport => {
    const right = counts[k][k]
    const predicted = counts[k].reduce((a, b) => a + b, 0)
    const support = counts.reduce((sum, row) => sum + row[k], 0)
    const precision = predicted ? right / predicted : 0
    const recall = support ? right / support : 0
    const f1 = precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0
    return { label, support, predicted, precision, recall, f1 }
  })
  const seen = perClass.filter(({ support }) => support > 0)
  const mean = (weight: (one: ClassReport) => number): Averages => {
    const total = seen.reduce((sum, one) => sum + weight(one), 0)
    const of = (pick: (one: ClassReport) => number) =>
      total ? seen.reduce((sum, one) => sum + weight(one) * pick(one), 0) / total : 0
    return { precision: of((one) => one.precision), recall: of((one) => one.recall), f1: of((one) => one.f1) }
  }
  const n = results.length
  return {
    images: n,
    top1: n ? top1 / n : -1,
    top5: n ? top5 / n : -1,
    loss: n ? loss / n : -1,
    perClass,
    macro: mean(() => 1),
    weighted: mean(({ support }) => support),
    confusion: { labels: [...labels], counts },
  }
}
