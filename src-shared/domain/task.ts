/** What a project's models learn to tell. A task is a file of catalog/tasks and one of src-worker/tasks of the same name. */
import { z } from 'zod'

export const taskIds = ['detect', 'classify', 'pose', 'denoise'] as const
export const taskSchema = z.enum(taskIds)
export type TaskId = z.infer<typeof taskSchema>

/** What a person says about an image, and a model learns to say: the objects in it, its one class, or the image without noise. */
export const truthSchema = z.enum(['objects', 'class', 'image'])
export type Truth = z.infer<typeof truthSchema>

/** What a recipe trains that names no model. */
export const defaultModels: Readonly<Record<TaskId, string>> = {
  detect: 'yolox-nano',
  classify: 'yolox-nano-classifier',
  denoise: 'dncnn',
  pose: 'yolox-pose-nano',
}

/** What stands on the network of a recipe that names an ONNX file; a task without one takes no such file as its model. */
export const importedModels: Readonly<Partial<Record<TaskId, string>>> = {
  detect: 'onnx-detector',
  classify: 'onnx-classifier',
}

/**
 * Side of the network input in px where a recipe names none: for classes the largest (src-shared/domain/suggest-size.ts),
 * for denoising that of the crops that are learned from.
 */
export const defaultSizes: Readonly<Record<TaskId, number>> = { detect: 320, classify: 224, pose: 320, denoise: 64 }
