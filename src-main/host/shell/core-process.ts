/** The core as the shell sees it: a utility process that is started, given ports, and started again when it dies. */
import { setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { MessageChannelMain, utilityProcess, type MessagePortMain, type UtilityProcess } from 'electron'
import { coreContracts } from '@shared/contract/core'
import { client, type Client } from '@shared/contract/rpc'
import { messagePortWire } from '@shared/contract/wires/message-port'
import type { FromCore, ToCore, ToWorker } from './messages'

export interface CoreProcessOptions {
  /** Absolute paths of the built entries. */
  coreFile: string
  workerFile: string
  reveal(path: string): void
  /** It ended without being asked to. `output` is what it wrote last. */
  onLost(code: number, output: readonly string[]): void
  log(line: string): void
}

export interface CoreProcess {
  readonly api: Client<typeof coreContracts>['core']
  /** A port of the whole contract, for a window. */
  openPort(id: string): MessagePortMain
  /** Lets it close the project, then ends it. */
  close(): Promise<void>
}

/** Below everything a person waits for, above idle. */
const workerPriority = 10
/** How long closing the project may take before the process is ended, ms. */
const closeTimeout = 15_000

export function startCoreProcess(options: CoreProcessOptions): CoreProcess {
  const output: string[] = []
  const workers = new Map<number, UtilityProcess>()
  let closing = false
  const child = utilityProcess.fork(options.coreFile, [], { serviceName: 'Tagwright core', stdio: 'pipe' })
  const tell = (message: ToCore, port?: MessagePortMain) => child.postMessage(message, port ? [port] : [])
  const openPort = (kind: 'window' | 'shell', id: string): MessagePortMain => {
    const { port1, port2 } = new MessageChannelMain()
    tell({ type: 'port', kind, id }, port1)
    return port2
  }
  eachLine(child, (line) => {
    output.push(line)
    if (output.length > 30) output.shift()
    options.log(line)
  })
  child.on('message', (message: FromCore) => {
    switch (message.type) {
      case 'start-worker':
        startWorker(message.id)
        return
      case 'kill-worker':
        endProcess(workers.get(message.id))
        return
      case 'reveal':
        options.reveal(message.path)
    }
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code) => {
      // Workers end by themselves when their port closes; one that hangs in native code does not.
      for (const worker of workers.values()) endProcess(worker)
      resolve()
      if (!closing) options.onLost(code, output)
    })
  })

  function startWorker(id: number): void {
    const worker = utilityProcess.fork(options.workerFile, [], { serviceName: 'Tagwright worker', stdio: 'pipe' })
    workers.set(id, worker)
    const { port1, port2 } = new MessageChannelMain()
    eachLine(worker, (line) => tell({ type: 'worker-line', id, line }))
    worker.once('spawn', () => {
      if (worker.pid === undefined) return
      try {
        setPriority(worker.pid, workerPriority)
      } catch {
        // It ended already, or the system does not allow it.
      }
    })
    worker.once('exit', (code) => {
      workers.delete(id)
      tell({ type: 'worker-exit', id, code })
    })
    worker.postMessage({ type: 'wire' } satisfies ToWorker, [port1])
    tell({ type: 'worker', id, pid: worker.pid }, port2)
  }

  const { core } = client(coreContracts, messagePortWire(openPort('shell', 'shell')))
  return {
    api: core,
    openPort: (id) => openPort('window', id),
    async close() {
      closing = true
      const late = setTimeout(() => endProcess(child), closeTimeout)
      await core.close().catch(() => {})
      child.kill()
      await ended
      clearTimeout(late)
    },
  }
}

/** `kill` asks; native code that hangs does not hear. */
function endProcess(process_: UtilityProcess | undefined): void {
  if (!process_) return
  try {
    if (process_.pid !== undefined) process.kill(process_.pid, 'SIGKILL')
    else process_.kill()
  } catch {
    process_.kill()
  }
}

function eachLine(child: UtilityProcess, listener: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', listener)
  }
}
