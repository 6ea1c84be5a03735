/** Image work in the order that matters: what a person waits for first, and background work only while nobody waits. */

export type Priority = 'foreground' | 'background'

export interface WorkQueue {
  /** Rejects with the signal's reason when it aborts before the work has begun; running work sees the signal itself. */
  run<T>(priority: Priority, work: () => Promise<T>, signal?: AbortSignal): Promise<T>
}

interface Waiting {
  start(): void
}

/** Decoding uses threads that all share; a few at a time keep every answer quick. */
export function createWorkQueue(foregroundLimit = 3): WorkQueue {
  const waiting: Record<Priority, Set<Waiting>> = { foreground: new Set(), background: new Set() }
  const running: Record<Priority, number> = { foreground: 0, background: 0 }

  const mayStart = (priority: Priority): boolean =>
    priority === 'foreground'
      ? running.foreground < foregroundLimit
      : running.background === 0 && running.foreground === 0 && waiting.foreground.size === 0

  const startNext = (): void => {
    for (const priority of ['foreground', 'background'] as const) {
      for (const entry of waiting[priority]) {
        if (!mayStart(priority)) break
        waiting[priority].delete(entry)
        entry.start()
      }
    }
  }

  return {
    run(priority, work, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(reason(signal))
        const abort = (): void => {
          waiting[priority].delete(entry)
          reject(reason(signal!))
          startNext()
        }
        const entry: Waiting = {
          start() {
            signal?.removeEventListener('abort', abort)
            running[priority]++
            void work()
              .then(resolve, reject)
              .finally(() => {
                running[priority]--
                startNext()
              })
          },
        }
        signal?.addEventListener('abort', abort, { once: true })
        waiting[priority].add(entry)
        startNext()
      })
    },
  }
}

const reason = (signal: AbortSignal): Error => signal.reason as Error
