/**
 * Joins calls of a refresh: while one runs, any number of further calls become one run after it. Every caller's promise
 * settles with a run that began after its call, so what it then reads is not older than the call.
 */
export function latest(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null
  const start = (): Promise<void> => {
    const now = run().finally(() => {
      if (running === now) running = null
    })
    running = now
    return now
  }
  return () => {
    if (!running) return start()
    next ??= running
      .catch(() => {})
      .then(() => {
        next = null
        return start()
      })
    return next
  }
}
