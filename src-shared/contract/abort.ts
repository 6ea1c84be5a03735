/**
 * The part of AbortSignal that pure TypeScript needs. The global interface is declared with the members that every
 * runtime has, so it merges with Node's and the DOM's own declaration where those are loaded.
 */
declare global {
  interface AbortSignal {
    readonly aborted: boolean
    // `any`, as in the platforms' own declarations: members of merged interfaces must agree.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    readonly reason: any
  }
}

interface Listenable {
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

declare const AbortController: new () => { readonly signal: AbortSignal; abort(reason?: unknown): void }

/** A signal and the function that aborts it. */
export function abortable(): { signal: AbortSignal; abort: (reason?: unknown) => void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: (reason) => controller.abort(reason) }
}

/** Calls `listener` once when the signal aborts, at once when it already has. Returns the function that stops listening. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener()
    return () => {}
  }
  const target = signal as unknown as Listenable
  target.addEventListener('abort', listener, { once: true })
  return () => target.removeEventListener('abort', listener)
}
