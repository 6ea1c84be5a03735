import { registry } from '../../base/registry'
import type { TaskDef } from './define'

const modules = import.meta.glob<TaskDef>(['./*.ts', '!./index.ts', '!./define.ts'], { eager: true, import: 'default' })
export const tasks = registry('task', modules)
