import { receiver, type Wire } from './wire'

declare const setTimeout: (callback: () => void, milliseconds: number) => unknown

/** What Node's `ChildProcess` (in the parent) and `process` (in the child) have in common. */
interface ProcessEnd {
  readonly connected?: boolean
  send?(message: unknown, callback: (error: Error | null) => void): boolean
  disconnect?(): void
  on(event: string, listener: (...args: never[]) => void): unknown
}

/** How long the second of the two signs of a process's end, exit and channel closed, may take after the first. */
const settle = 1000

/**
 * The channel of `child_process.fork`, from either side. Fork with `serialization: 'advanced'` where typed arrays travel.
 * In the parent the wire closes when the child has exited *and* its last messages have been read, so that a result sent
 * just before the exit is not lost; the reason names the exit code or signal.
 */
export function processWire(end: ProcessEnd): Wire {
  const inbox = receiver()
  const inParent = 'exitCode' in end && 'pid' in end && 'spawnfile' in end
  let exit: string | null = null
  let disconnected = false
  const ended = (reason: string) => {
    if ((exit !== null || !inParent) && disconnected) inbox.closed(exit ?? reason)
    else setTimeout(() => inbox.closed(exit ?? reason), settle)
  }
  end.on('message', (message: unknown) => inbox.receive(message))
  end.on('disconnect', () => {
    disconnected = true
    ended('the process closed its channel')
  })
  if (inParent) {
    end.on('exit', (code: number | null, signal: string | null) => {
      exit = signal ? `the process was ended by ${signal}` : `the process ended with code ${code}`
      ended(exit)
    })
    end.on('error', (error: Error) => {
      exit ??= `the process failed: ${error.message}`
      ended(exit)
    })
  }
  return {
    send(message) {
      if (inbox.isClosed || end.connected === false) return
      // A failed send means that the channel is closing; `disconnect` or `exit` says so a moment later.
      end.send?.(message, () => {})
    },
    onMessage: inbox.onMessage,
    onClose: inbox.onClose,
    close() {
      if (end.connected) end.disconnect?.()
    },
  }
}
