/** Which provider a run or model really uses. */
import type { Provider } from '@shared/domain/recipe'
import { chooseProvider, probeProviders, requireProvider, userCacheDir } from './providers'
import type { ConcreteProvider } from './session'

let fastest: Promise<ConcreteProvider> | null = null

/**
 * 'auto' is the fastest provider that computes the same as the CPU; a named one must have passed the same probe.
 * Probes on first use; the answer is on file afterwards.
 * @throws `provider-unavailable` with the reason and what works instead.
 */
export async function resolveProvider(
  wanted: Provider,
  cacheDir: string | null = userCacheDir(),
): Promise<ConcreteProvider> {
  if (wanted === 'auto') return (fastest ??= probeProviders({ cacheDir }).then(chooseProvider))
  // The reference itself: probing it would only compare it with itself.
  if (wanted !== 'cpu') requireProvider(await probeProviders({ cacheDir, providers: [wanted, 'cpu'] }), wanted)
  return wanted
}
