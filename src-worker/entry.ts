/**
 * A worker process: the thin wire and the dispatcher. It ends when the core closes the channel or dies. Forked by Node it
 * has a channel of its own; in the Electron app, as a utility process, it is handed a port.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createHub, serve, type Wire } from '@shared/contract/rpc'
import { messagePortWire } from '@shared/contract/wires/message-port'
import { processWire } from '@shared/contract/wires/process'
import { workerContracts } from '@shared/contract/worker'
import { workerHandlers } from './handlers'
import { workerReport } from './report'

/** Electron's: absent in plain Node. */
interface ParentPort {
  once(name: 'message', listener: (event: { ports: Parameters<typeof messagePortWire>[0][] }) => void): void
}
const { parentPort } = process as unknown as { parentPort?: ParentPort }

if (!process.send && !parentPort) {
  console.error('This file is a worker of Tagwright and is started by it; start "tagwright" instead.')
  process.exit(1)
}

const wire = parentPort
  ? await new Promise<Wire>((resolve) => parentPort.once('message', ({ ports }) => resolve(messagePortWire(ports[0]))))
  : processWire(process)
const hub = createHub(workerContracts, (error) => console.error(error))
const handlers = {
  worker: workerHandlers(workerReport(hub, wire), {
    threadFile: join(import.meta.dirname, 'decode-thread.js'),
    // Decoding and augmenting share the cores with the training step.
    loaderThreads: Math.max(1, Math.min(4, availableParallelism() >> 1)),
  }),
}
serve(workerContracts, handlers, wire, { hub, onError: (error, method) => console.error(method, error) })

const heartbeat = setInterval(() => hub.emit('worker.heartbeat', { rss: process.memoryUsage.rss() }), 2000)
wire.onClose(() => {
  clearInterval(heartbeat)
  // Without the core nobody reads results: what is on disk is what a resume continues from.
  process.exit(0)
})
