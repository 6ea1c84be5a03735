import type { z } from 'zod'
import type { TaskId } from '../domain/task'
import type { presetSchema } from '../contract/training'

/** Three starting points; everything they leave open is resolved from model and data. */
export const presets: readonly z.infer<typeof presetSchema>[] = [
  {
    id: 'quick',
    title: 'Quick',
    help: 'A first look within minutes: the smallest model on small images.',
    recipe: { model: { id: 'yolox-nano' }, input: { size: 256 }, epochs: 15 },
  },
  {
    id: 'balanced',
    title: 'Balanced',
    help: 'What the defaults are made for: good boxes on an ordinary machine.',
    recipe: { model: { id: 'yolox-nano' }, input: { size: 320 }, epochs: 'auto' },
  },
  {
    id: 'accurate',
    title: 'Accurate',
    help: 'A larger model on larger images, until the score stops rising. Better with a GPU.',
    recipe: { model: { id: 'yolox-s' }, input: { size: 640 }, epochs: 'auto', patience: 50 },
  },
]

/** What the presets mean for tasks that measure models and images otherwise. */
export const taskPresets: Partial<Record<TaskId, Record<string, Record<string, unknown>>>> = {
  denoise: {
    quick: { model: { id: 'nafnet', params: { width: 8 } }, epochs: 15 },
    balanced: {},
    accurate: { model: { id: 'nafnet', params: { width: 32 } }, input: { size: 128 }, epochs: 'auto' },
  },
}
