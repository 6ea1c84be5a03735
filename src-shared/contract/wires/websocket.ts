import { receiver, type Wire } from './wire'

/** The browser's WebSocket and the `ws` package's, client or server side. */
interface Socket {
  readonly readyState: number
  send(data: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
  addEventListener(type: 'error', listener: (event: unknown) => void): void
}

const open = 1

/** JSON text over an *open* WebSocket. A message that is not JSON closes the connection with status 1003. */
export function websocketWire(socket: Socket): Wire {
  const inbox = receiver()
  socket.addEventListener('message', ({ data }) => {
    let message: unknown
    try {
      if (typeof data !== 'string') throw new TypeError('a binary message')
      message = JSON.parse(data)
    } catch {
      socket.close(1003, 'Messages are JSON text.')
      return
    }
    inbox.receive(message)
  })
  socket.addEventListener('close', ({ code, reason }) => {
    inbox.closed(`the connection closed with status ${code}${reason ? `: ${reason}` : ''}`)
  })
  // An error is always followed by `close`; without a listener the `ws` package would throw it.
  socket.addEventListener('error', () => {})
  return {
    send(message) {
      if (socket.readyState === open) socket.send(JSON.stringify(message))
    },
    onMessage: inbox.onMessage,
    onClose: inbox.onClose,
    close: () => socket.close(1000),
  }
}
