/** A wire carries messages both ways, in order. Every transport looks like this to the contract kernel. */
export interface Wire {
  /** Sends one message: JSON values only, unless both ends are known to be on a structured-clone transport. */
  send(message: unknown): void
  /** Messages that came before the first listener are kept for it. */
  onMessage(listener: (message: unknown) => void): () => void
  /** Called once when the other end is gone or `close` was called, at once when that has happened already. */
  onClose(listener: (reason: string) => void): () => void
  close(): void
}

/** The receiving half of a wire: listeners, messages kept until there is one, and the closed state. */
export interface Receiver {
  receive(message: unknown): void
  closed(reason: string): void
  readonly isClosed: boolean
  onMessage: Wire['onMessage']
  onClose: Wire['onClose']
}

export function receiver(): Receiver {
  const messageListeners = new Set<(message: unknown) => void>()
  const closeListeners = new Set<(reason: string) => void>()
  let waiting: unknown[] = []
  let closeReason: string | null = null
  return {
    get isClosed() {
      return closeReason !== null
    },
    receive(message) {
      if (closeReason !== null) return
      if (messageListeners.size === 0) waiting.push(message)
      else for (const listener of [...messageListeners]) listener(message)
    },
    closed(reason) {
      if (closeReason !== null) return
      closeReason = reason
      for (const listener of [...closeListeners]) listener(reason)
      closeListeners.clear()
      messageListeners.clear()
      waiting = []
    },
    onMessage(listener) {
      messageListeners.add(listener)
      const kept = waiting
      waiting = []
      for (const message of kept) listener(message)
      return () => messageListeners.delete(listener)
    },
    onClose(listener) {
      if (closeReason !== null) {
        listener(closeReason)
        return () => {}
      }
      closeListeners.add(listener)
      return () => closeListeners.delete(listener)
    },
  }
}
