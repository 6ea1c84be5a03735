import { registry } from '../../base/registry'
import type { RestorationLoss } from './define'

const modules = import.meta.glob<RestorationLoss>(['./*.ts', '!./index.ts', '!./define.ts', '!./means.ts'], {
  eager: true,
  import: 'default',
})
export const restorationLosses = registry('loss', modules)
