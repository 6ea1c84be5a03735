/** What a running handler tells the core. */
import type { z } from 'zod'
import { client, type Hub, type Wire } from '@shared/contract/rpc'
import { workerHostContracts, type workerContract, type workerContracts } from '@shared/contract/worker'
import type { Metric } from '@shared/domain/metric'

type Events = (typeof workerContract)['events']
type Payload<E extends keyof Events> = z.input<Events[E]>

export interface WorkerReport {
  /** `phase` is what is done now ("epoch 3 of 40"); `total` null when not known. Sent at most ten times a second. */
  progress(phase: string, done: number, total: number | null): void
  /** Queues rows; they are sent together at most ten times a second and never thinned. */
  metrics(rows: readonly Metric[]): void
  /**
   * Resolves when every row reported so far is stored. Await it before a checkpoint is written: a run continued from
   * that checkpoint repeats only what comes after it. Rejects when the core could not store them (`disk-full`...).
   */
  flush(): Promise<void>
  /** A checkpoint is on disk. */
  checkpoint(payload: Payload<'checkpoint'>): void
  /** The resolved recipe, once, before the first step. */
  recipe(recipe: Payload<'recipe'>['recipe']): void
  /** Resume only, before the first metrics: position of the checkpoint. The core deletes rows after it. */
  resumed(payload: Payload<'resumed'>): void
  log(level: 'info' | 'warning', message: string): void
  /** Prediction only, before the first detections: the names that their labels index. */
  classes(names: string[]): void
  detections(payload: Payload<'detections'>): void
}

/** Shortest time between two messages of one kind, in ms. */
const interval = 100

export function workerReport(hub: Hub<typeof workerContracts>, wire: Wire): WorkerReport {
  const { host } = client(workerHostContracts, wire)
  let rows: Metric[] = []
  let timer: NodeJS.Timeout | null = null
  /** The last send; the next one waits for it, so rows arrive in order. */
  let sent: Promise<void> = Promise.resolve()
  /** An error of a send that nobody awaited; thrown by the next flush. */
  let failure: unknown = null
  const send = (): Promise<void> => {
    if (timer) clearTimeout(timer)
    timer = null
    const metrics = rows
    rows = []
    if (metrics.length > 0) sent = sent.then(() => host.metrics({ metrics }))
    return sent
  }

  let lastProgress = 0
  let lastPhase = ''
  return {
    progress(phase, done, total) {
      const now = performance.now()
      if (phase === lastPhase && now - lastProgress < interval && done !== total) return
      lastProgress = now
      lastPhase = phase
      hub.emit('worker.progress', { phase, done, total })
    },
    metrics(added) {
      rows.push(...added)
      timer ??= setTimeout(() => {
        send().catch((error: unknown) => (failure ??= error))
      }, interval)
    },
    async flush() {
      if (failure) throw failure
      await send()
    },
    checkpoint: (payload) => hub.emit('worker.checkpoint', payload),
    recipe: (recipe) => hub.emit('worker.recipe', { recipe }),
    resumed: (payload) => hub.emit('worker.resumed', payload),
    log: (level, message) => hub.emit('worker.log', { level, message }),
    classes: (names) => hub.emit('worker.classes', { names }),
    detections: (payload) => hub.emit('worker.detections', payload),
  }
}
