/**
 * The learning rate of each step: quadratic warm-up, the schedule, the final rate while augmentation is closed, and the
 * rate of stochastic weight averaging; after a switch to SGD its own peak.
 */
import { modelOf } from '@shared/catalog/models'
import { rateGroups } from '@shared/catalog/rate-groups'
import { schedules } from '@shared/catalog/schedules'
import type { ResolvedRecipe } from './resolve-recipe'
import { switchEpoch } from './stages'
import { swaEpoch } from './stochastic-average'

/** @returns rates per optimizer group for step `step` (0-based). Source of the warm-up: YOLOX, Ge et al. 2021. */
export function learningRates(recipe: ResolvedRecipe, stepsPerEpoch: number): (step: number) => number[] {
  const { optimizer, schedule, epochs, loss } = recipe
  const { swa } = recipe.averages
  const warm = Math.round(schedule.warmup * stepsPerEpoch)
  const closed = loss.closeEpochs * stepsPerEpoch
  const moving = Math.max(1, epochs * stepsPerEpoch - warm - closed)
  const { factor } = schedules.get(schedule.id)
  const groups = [1, ...rateGroups(optimizer, modelOf(recipe.model)).map((g) => g.lr)]
  const scheduled = (step: number): number =>
    step < warm ? ((step + 1) / warm) ** 2 : factor(Math.min(1, (step - warm) / moving), schedule)
  const swaStep = swa.start === null ? Infinity : swaEpoch(swa.start, epochs) * stepsPerEpoch
  const sgdStep = (switchEpoch(recipe) ?? Infinity) * stepsPerEpoch
  const shareOf = (step: number): number => {
    if (step < swaStep) return scheduled(step)
    const done = (step - swaStep) / stepsPerEpoch
    if (swa.cycle > 0) return swa.lr + (schedule.final - swa.lr) * ((done % swa.cycle) / swa.cycle)
    // From the schedule's rate to the constant one within an epoch, as a cosine.
    const from = scheduled(swaStep)
    return done >= 1 ? swa.lr : swa.lr + ((from - swa.lr) * (1 + Math.cos(Math.PI * done))) / 2
  }
  return (step) => {
    const peak = step < sgdStep ? optimizer.lr : optimizer.switchLr
    const share = shareOf(step)
    return groups.map((g) => g * peak * share)
  }
}
