/** Parts of a run that need programs of their own: what is frozen and which optimizer moves the rest. */
import { freezeAt, thaws } from '@shared/domain/freeze'
import type { ResolvedRecipe } from './resolve-recipe'

export interface Stage {
  /** Epochs from..to-1, 0-based. */
  from: number
  to: number
  freeze: string[]
  optimizer: ResolvedRecipe['optimizer']['id']
}

type Settings = Pick<ResolvedRecipe, 'epochs' | 'freeze'> & {
  optimizer: Pick<ResolvedRecipe['optimizer'], 'id' | 'switchAt'>
}

/** Epoch at which SGD takes over; null: never. */
export const switchEpoch = ({ epochs, optimizer: { id, switchAt } }: Settings): number | null =>
  switchAt === null || id === 'sgd' ? null : Math.round(switchAt * epochs)

export function stagesOf(recipe: Settings): Stage[] {
  const { epochs, freeze, optimizer } = recipe
  const sgd = switchEpoch(recipe) ?? epochs
  const inside = [...thaws(freeze), sgd].filter((epoch) => epoch > 0 && epoch < epochs)
  const starts = [0, ...new Set(inside.sort((a, b) => a - b))]
  return starts.map((from, i) => ({
    from,
    to: starts[i + 1] ?? epochs,
    freeze: freezeAt(freeze, from),
    optimizer: from >= sgd ? 'sgd' : optimizer.id,
  }))
}

/** The stage that trains an epoch; the last one beyond the end. */
export const stageAt = (stages: readonly Stage[], epoch: number): Stage =>
  stages.find(({ to }) => epoch < to) ?? stages.at(-1)!
