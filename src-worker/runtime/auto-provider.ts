/** What provider 'auto' means here. */
import { chooseProvider, probeProviders, userCacheDir } from './providers'
import type { ConcreteProvider } from './session'

let known: Promise<ConcreteProvider> | null = null

/** The fastest provider that computes the same as the CPU. Probes on first use; the answer is on file afterwards. */
export function autoProvider(cacheDir: string | null = userCacheDir()): Promise<ConcreteProvider> {
  return (known ??= probeProviders({ cacheDir }).then(chooseProvider))
}
