import { registry } from '../../base/registry'
import { type SurgeryEdit, withSurgery } from '../surgery'
import type { ModelDef } from './define'

const modules = import.meta.glob<ModelDef>(['./*.ts', '!./index.ts', '!./define.ts', '!./classifier-head.ts'], {
  eager: true,
  import: 'default',
})
export const models = registry('model', modules)

/** A recipe's model, as its parameters and its surgery make it. @throws `unknown-id`, `bad-recipe`. */
export function modelOf({
  id,
  params,
  surgery = [],
}: {
  id: string
  params: Record<string, unknown>
  surgery?: readonly SurgeryEdit[] | undefined
}): ModelDef {
  const model = models.get(id)
  return withSurgery(model.resolve ? { ...model, ...model.resolve(params) } : model, params, surgery)
}
