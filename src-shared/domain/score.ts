/** How good a model was after an epoch, in its task's own numbers: AP and AP50 of a detector, top1 and top5 of a classifier. */
import { z } from 'zod'

/** The numbers beside `epoch` and `step` are larger for better models; the first that differs chooses the best epoch. */
export const scoreSchema = z.object({ epoch: z.number(), step: z.int() }).catchall(z.number())
export type Score = z.infer<typeof scoreSchema>

/** The numbers by name, the deciding one first. */
export const scoreNumbers = ({ epoch: _, step: __, ...numbers }: Score): [name: string, value: number][] =>
  Object.entries(numbers)

/** The number that decides; -1 where there is none. */
export const mainScore = (score: Score): number => scoreNumbers(score)[0]?.[1] ?? -1

/**
 * Whether a model is better: by the deciding number, and by the next ones where that is equal. Shares below .005 are chance
 * and count as 0: one lucky detection among noise chooses nothing. While all are 0 nothing was found yet, and what learned
 * longer is nearer to it.
 */
export function isBetterScore(score: Score, than: Score): boolean {
  const others = new Map(scoreNumbers(than))
  for (const [name, value] of scoreNumbers(score)) {
    const [one, other] = [withoutChance(value), withoutChance(others.get(name) ?? -1)]
    if (one !== other) return one > other
  }
  return score.step > than.step && scoreNumbers(score).every(([, value]) => withoutChance(value) === 0)
}

const withoutChance = (value: number): number => (value > 0 && value < 0.005 ? 0 : value)

/** What people call the numbers of a score. */
export const scoreTitle = (name: string): string => ({ top1: 'top-1', top5: 'top-5' })[name] ?? name
