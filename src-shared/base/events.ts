/** A minimal typed event emitter; a listener that throws does not keep the others from hearing. */

export interface Events<Payloads extends Record<string, unknown>> {
  on<K extends keyof Payloads>(name: K, listener: (payload: Payloads[K]) => void): () => void
  emit<K extends keyof Payloads>(name: K, payload: Payloads[K]): void
}

export function events<Payloads extends Record<string, unknown>>(
  onError: (error: unknown) => void = () => {},
): Events<Payloads> {
  const listeners = new Map<keyof Payloads, Set<(payload: never) => void>>()
  return {
    on(name, listener) {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set.add(listener as (payload: never) => void))
      return () => set.delete(listener as (payload: never) => void)
    },
    emit(name, payload) {
      for (const listener of [...(listeners.get(name) ?? [])]) {
        try {
          ;(listener as (p: unknown) => void)(payload)
        } catch (error) {
          onError(error)
        }
      }
    },
  }
}
