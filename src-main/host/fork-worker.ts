import { fork } from 'node:child_process'
import { setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { processWire } from '@shared/contract/wires/process'
import type { WorkerProcess } from '../jobs/worker-process'

/** Below everything a person waits for, above idle. */
const lowPriority = 10

/** Starts the built worker as a process of its own, at lower priority. @param file absolute path of worker.js. */
export function forkWorker(file: string): WorkerProcess {
  const child = fork(file, [], {
    serialization: 'advanced',
    // The parent's --inspect or --import must not leak into it.
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  if (child.pid !== undefined) {
    try {
      setPriority(child.pid, lowPriority)
    } catch {
      // It ended already, or the system does not allow it; the wire tells the first, the second costs comfort only.
    }
  }
  return {
    wire: processWire(child),
    pid: child.pid,
    onOutput(listener) {
      for (const stream of [child.stdout!, child.stderr!]) createInterface({ input: stream }).on('line', listener)
    },
    kill: () => void child.kill('SIGKILL'),
  }
}
