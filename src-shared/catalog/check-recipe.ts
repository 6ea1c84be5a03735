import type { Recipe } from '../domain/recipe'
import { type AugmentSpec, resolveAugments } from './augments'
import { blocks } from './blocks'
import { models } from './models'
import { optimizers } from './optimizers'
import { restorationLosses } from './restoration-losses'
import { schedules } from './schedules'
import { checkTask } from './training-program'

/**
 * Whether all that a recipe names is in the catalog: its schema cannot know, since the catalog is what files are there.
 * @throws `unknown-id` with the nearest name, `bad-recipe` for a model of another task and for
 * parameters of an augmentation.
 */
export function checkRecipe({ task, model, optimizer, schedule, augment, loss }: Recipe): void {
  checkTask(task, model.id, models.get(model.id))
  for (const { id } of model.surgery) blocks.get(id)
  if (optimizer.id !== 'auto') optimizers.get(optimizer.id)
  schedules.get(schedule.id)
  if (augment !== 'auto') resolveAugments(augment as AugmentSpec[])
  if (loss.terms !== 'auto') for (const { id } of loss.terms) restorationLosses.get(id)
}
