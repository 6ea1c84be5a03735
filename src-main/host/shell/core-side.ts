/** The core's end of the shell: ports that main hands over, and workers that main forks for it. */
import { messagePortWire } from '@shared/contract/wires/message-port'
import { receiver } from '@shared/contract/wires/wire'
import type { Wire } from '@shared/contract/rpc'
import type { StartWorker, WorkerProcess } from '../../jobs/worker-process'
import type { FromCore, ToCore } from './messages'

/** What `process.parentPort` of a utility process is; kept apart from Electron's types, so that tests can stand in. */
export interface ParentPort {
  postMessage(message: FromCore): void
  on(name: 'message', listener: (event: { data: ToCore; ports: MessagePortLike[] }) => void): unknown
}
export type MessagePortLike = Parameters<typeof messagePortWire>[0]

export interface CoreSide {
  startWorker: StartWorker
  reveal(path: string): Promise<void>
}

export function connectShell(
  parent: ParentPort,
  onPort: (kind: 'window' | 'shell', wire: Wire, id: string) => void,
): CoreSide {
  const workers = new Map<number, Waiting>()
  let lastId = 0
  parent.on('message', ({ data, ports }) => {
    switch (data.type) {
      case 'port':
        onPort(data.kind, messagePortWire(ports[0]), data.id)
        return
      case 'worker':
        workers.get(data.id)?.started(messagePortWire(ports[0]), data.pid)
        return
      case 'worker-line':
        workers.get(data.id)?.line(data.line)
        return
      case 'worker-exit':
        workers.get(data.id)?.ended(data.code)
        workers.delete(data.id)
    }
  })
  return {
    startWorker() {
      const id = ++lastId
      const worker = waitingWorker(() => parent.postMessage({ type: 'kill-worker', id }))
      workers.set(id, worker)
      parent.postMessage({ type: 'start-worker', id })
      return worker.process
    },
    async reveal(path) {
      parent.postMessage({ type: 'reveal', path })
    },
  }
}

interface Waiting {
  process: WorkerProcess
  started(wire: Wire, pid: number | undefined): void
  line(line: string): void
  ended(code: number): void
}

/** A worker that can be spoken to before main has forked it: messages wait for its port. */
function waitingWorker(kill: () => void): Waiting {
  const inbox = receiver()
  const listeners: ((line: string) => void)[] = []
  let unsent: unknown[] = []
  let wire: Wire | null = null
  let pid: number | undefined
  const close = () => {
    wire?.close()
    inbox.closed('the wire was closed')
    // Without its port the worker would wait for ever.
    if (!wire) kill()
  }
  return {
    process: {
      wire: {
        send(message) {
          if (wire) wire.send(message)
          else if (!inbox.isClosed) unsent.push(message)
        },
        onMessage: inbox.onMessage,
        onClose: inbox.onClose,
        close,
      },
      get pid() {
        return pid
      },
      onOutput: (listener) => void listeners.push(listener),
      kill,
    },
    started(opened, id) {
      if (inbox.isClosed) return opened.close()
      wire = opened
      pid = id
      wire.onMessage((message) => inbox.receive(message))
      for (const message of unsent) wire.send(message)
      unsent = []
    },
    line(line) {
      for (const listener of listeners) listener(line)
    },
    // The exit tells why; that the port closed would tell less, and may come first.
    ended: (code) => inbox.closed(`the process ended with code ${code}`),
  }
}
