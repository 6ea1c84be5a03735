import { registry } from '../../base/registry'
import type { ScheduleDef } from '../../engine/schedule'

export const schedules = registry(
  'schedule',
  import.meta.glob<ScheduleDef>('./*.ts', { eager: true, import: 'default' }),
)
