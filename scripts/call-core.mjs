/* global WebSocket, URL, location */
/** One call of the contract, from the page, which has the cookie. */
export function call(page, method, input = {}) {
  return page.evaluate(
    ([name, value]) =>
      new Promise((answer, fail) => {
        const socket = new WebSocket(new URL('/rpc', location.href.replace(/^http/, 'ws')))
        socket.onopen = () => socket.send(JSON.stringify({ type: 'call', id: 1, method: name, input: value }))
        socket.onmessage = ({ data }) => {
          const message = JSON.parse(data)
          socket.close()
          if (message.type === 'result') answer(message.output)
          else fail(new Error(message.error.message))
        }
        socket.onerror = () => fail(new Error('the server does not answer'))
      }),
    [method, input],
  )
}
