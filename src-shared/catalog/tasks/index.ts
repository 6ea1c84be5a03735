import { registry } from '../../base/registry'
import type { Truth } from '../../domain/task'
import type { TaskDef } from './define'

const modules = import.meta.glob<TaskDef>(['./*.ts', '!./index.ts', '!./define.ts'], { eager: true, import: 'default' })
export const tasks = registry('task', modules)

/** Of a project's task as it is stored; objects where it is a task of another version. */
export const truthOf = (task: string): Truth => (tasks.has(task) ? tasks.get(task).truth : 'objects')
