import { registry } from '../../base/registry'
import type { DenoiserDef } from './common/define'

/** Classical denoisers by id: what trained networks are compared with. */
export const denoisers = registry(
  'denoiser',
  import.meta.glob<DenoiserDef>('./*.ts', { eager: true, import: 'default' }),
)
