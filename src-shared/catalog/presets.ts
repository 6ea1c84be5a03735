import type { z } from 'zod'
import type { presetSchema } from '../contract/training'
import type { TaskDef } from './tasks/define'

export type PresetId = 'quick' | 'balanced' | 'accurate'
type Preset = z.infer<typeof presetSchema>

/** Three starting points; everything they leave open is resolved from model and data. A task may mean something else by one. */
const presets: readonly (Preset & { id: PresetId })[] = [
  {
    id: 'quick',
    title: 'Quick',
    help: 'A first look within minutes: the smallest model on small images.',
    recipe: { input: { size: 256 }, epochs: 15 },
  },
  {
    id: 'balanced',
    title: 'Balanced',
    help: 'What the defaults are made for: good boxes on an ordinary machine.',
    recipe: { input: { size: 320 }, epochs: 'auto' },
  },
  {
    id: 'accurate',
    title: 'Accurate',
    help: 'A larger model on larger images, until the score stops rising. Better with a GPU.',
    recipe: { input: { size: 640 }, epochs: 'auto', patience: 50 },
  },
]

export const presetsOf = (task: TaskDef): Preset[] =>
  presets.map((preset) => ({ ...preset, recipe: task.presets?.[preset.id] ?? preset.recipe }))
