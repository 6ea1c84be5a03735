import { registry } from '../../base/registry'
import type { OptimizerDef } from '../../engine/optimizer'

export const optimizers = registry(
  'optimizer',
  import.meta.glob<OptimizerDef>('./*.ts', { eager: true, import: 'default' }),
)
