import { receiver, type Receiver, type Wire } from './wire'

/**
 * Two ends of one wire inside one process. Messages arrive in a later microtask, as on every other wire, and are passed
 * by reference: schemas copy what they parse.
 */
export function memoryWires(): [Wire, Wire] {
  const a = receiver()
  const b = receiver()
  const close = () => {
    a.closed('the wire was closed')
    b.closed('the wire was closed')
  }
  const end = (own: Receiver, other: Receiver): Wire => ({
    send(message) {
      if (!own.isClosed) void Promise.resolve().then(() => other.receive(message))
    },
    onMessage: own.onMessage,
    onClose: own.onClose,
    close,
  })
  return [end(a, b), end(b, a)]
}
