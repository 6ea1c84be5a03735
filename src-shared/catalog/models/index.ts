import { registry } from '../../base/registry'
import type { ModelDef } from './define'

export const models = registry('model', import.meta.glob<ModelDef>('./yolox-*.ts', { eager: true, import: 'default' }))
