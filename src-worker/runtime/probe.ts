/** The worker's `probe`: tries every provider anew and keeps the answers for `auto`. */
import type { z } from 'zod'
import type { workerContract } from '@shared/contract/worker'
import { probeProviders, userCacheDir } from './providers'
import { runtimeVersion } from './session'

export async function probe(): Promise<z.input<(typeof workerContract)['methods']['probe']['output']>> {
  const providers = await probeProviders({ cacheDir: userCacheDir(), refresh: true })
  return { versions: { onnxruntime: runtimeVersion() }, providers }
}
