/** What provider 'auto' means here. */
import type { ConcreteProvider } from './session'

/** The CPU, until a probe has shown that another provider computes the same and is faster. */
export async function autoProvider(): Promise<ConcreteProvider> {
  return 'cpu'
}
