import { tasks } from '@shared/catalog/tasks'
import { defaultSizes, taskSchema, type TaskId } from '@shared/domain/task'
import { suggestSize } from '@shared/domain/suggest-size'
import { sql, type ReadDb } from '../store/db'
import type { Store } from '../store/store'

/** Where an image has one class, all of it is seen, as large as it is; objects want a size of their own. */
export const sizeFollowsImages = (task: TaskId): boolean => tasks.get(task).truth === 'class'

/** A recipe as it was given, with what the project tells of it: the task, and the side of its images. */
export function projectRecipe(store: Store, recipe: Record<string, unknown>): Record<string, unknown> {
  const task = taskSchema.catch('detect').parse(recipe.task ?? store.project.task)
  const input = (recipe.input ?? {}) as Record<string, unknown>
  if (!sizeFollowsImages(task) || input.size !== undefined) return { task: store.project.task, ...recipe }
  return { task, ...recipe, input: { ...input, size: usualSize(store.db, task) } }
}

/** Side in px of the network input where nobody says one. */
export function usualSize(db: ReadDb, task: TaskId): number {
  if (!sizeFollowsImages(task)) return defaultSizes[task]
  const images = sql<{ width: number; height: number }>(
    db,
    'SELECT width, height FROM sample WHERE width > 0 AND height > 0 ORDER BY id LIMIT 2000',
  ).all()
  return suggestSize(images)
}
