/** What the shell's main process and the core tell each other beside the contract: only main can fork and pass ports. */

/** To the core; `port`, `worker` come with one port. */
export type ToCore =
  /** window: a client of the whole contract. shell: the main process itself, see contract/core.ts. */
  | { type: 'port'; kind: 'window' | 'shell'; id: string }
  | { type: 'worker'; id: number; pid: number | undefined }
  | { type: 'worker-line'; id: number; line: string }
  | { type: 'worker-exit'; id: number; code: number }

/** From the core. */
export type FromCore =
  { type: 'start-worker'; id: number } | { type: 'kill-worker'; id: number } | { type: 'reveal'; path: string }

/** To a worker: with the port that carries its contract. */
export interface ToWorker {
  type: 'wire'
}

/** The one origin of the shell's windows. */
export const appOrigin = 'app://tagwright'
