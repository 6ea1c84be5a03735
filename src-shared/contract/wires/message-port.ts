import { receiver, type Wire } from './wire'

type Listener = (event: { data: unknown }) => void

/** A MessagePort of the browser, of `node:worker_threads`, or Electron's MessagePortMain (which has `on` only). */
interface Port {
  postMessage(message: unknown): void
  start?(): void
  close(): void
}

export function messagePortWire(port: Port): Wire {
  const inbox = receiver()
  const target = port as Port & {
    addEventListener?(type: string, listener: Listener): void
    on?(type: string, listener: Listener): void
  }
  const listen = (type: string, listener: Listener) =>
    target.addEventListener ? target.addEventListener(type, listener) : target.on?.(type, listener)
  listen('message', (event) => inbox.receive(event.data))
  listen('close', () => inbox.closed('the port was closed'))
  port.start?.()
  return {
    send(message) {
      if (!inbox.isClosed) port.postMessage(message)
    },
    onMessage: inbox.onMessage,
    onClose: inbox.onClose,
    close() {
      port.close()
      inbox.closed('the port was closed')
    },
  }
}
