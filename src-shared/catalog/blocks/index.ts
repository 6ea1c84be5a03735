import { registry } from '../../base/registry'
import type { Block } from '../define-block'

export const blocks = registry('block', import.meta.glob<Block>('./*.ts', { eager: true, import: 'default' }))
