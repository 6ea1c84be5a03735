import { registry } from '../../base/registry'
import type { ModelDef } from './define'

const modules = import.meta.glob<ModelDef>(['./*.ts', '!./index.ts', '!./define.ts'], {
  eager: true,
  import: 'default',
})
export const models = registry('model', modules)

/** A recipe's model, as its parameters make it. @throws `unknown-id`. */
export function modelOf({ id, params }: { id: string; params: Record<string, unknown> }): ModelDef {
  const model = models.get(id)
  return model.resolve ? { ...model, ...model.resolve(params) } : model
}
