/** The learning rate of each step: quadratic warm-up, the schedule, and the final rate while augmentation is closed. */
import { schedules } from '@shared/catalog/schedules'
import type { ResolvedRecipe } from './resolve-recipe'

/** @returns rates per optimizer group for step `step` (0-based). Source of the warm-up: YOLOX, Ge et al. 2021. */
export function learningRates(recipe: ResolvedRecipe, stepsPerEpoch: number): (step: number) => number[] {
  const { optimizer, schedule, epochs, loss } = recipe
  const warm = Math.round(schedule.warmup * stepsPerEpoch)
  const closed = loss.closeEpochs * stepsPerEpoch
  const moving = Math.max(1, epochs * stepsPerEpoch - warm - closed)
  const { factor } = schedules.get(schedule.id)
  const groups = [1, ...optimizer.groups.map((g) => g.lr)]
  return (step) => {
    const share = step < warm ? ((step + 1) / warm) ** 2 : factor(Math.min(1, (step - warm) / moving), schedule)
    return groups.map((g) => g * optimizer.lr * share)
  }
}
