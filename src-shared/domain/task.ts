/** What a project's models learn to tell. A task is a file of catalog/tasks and one of src-worker/tasks of the same name. */
import { z } from 'zod'

export const taskIds = ['detect', 'classify'] as const
export const taskSchema = z.enum(taskIds)
export type TaskId = z.infer<typeof taskSchema>

/** What a recipe trains that names no model. */
export const defaultModels: Readonly<Record<TaskId, string>> = {
  detect: 'yolox-nano',
  classify: 'yolox-nano-classifier',
}
