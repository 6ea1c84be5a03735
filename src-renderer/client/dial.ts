/** Opens the wire to the core: the port that the Electron shell hands over, else the WebSocket of the browser host. */
import { TagwrightError } from '@shared/base/errors'
import type { Wire } from '@shared/contract/rpc'
import type { ShellBridge } from '@shared/contract/shell'
import { messagePortWire } from '@shared/contract/wires/message-port'
import { websocketWire } from '@shared/contract/wires/websocket'

/** What the preload script exposes; absent in a browser. */
export const shell = (globalThis as { tagwright?: ShellBridge }).tagwright

/** Rejects with `wrong-token` when a server answers that does not know this window. */
export async function dial(): Promise<Wire> {
  return shell ? dialShell(shell) : dialSocket()
}

function dialShell(bridge: ShellBridge): Promise<Wire> {
  return new Promise((resolve) => {
    const listener = (event: MessageEvent) => {
      if (event.source !== window || event.data?.tagwright !== 'port') return
      window.removeEventListener('message', listener)
      resolve(messagePortWire(event.ports[0]))
    }
    window.addEventListener('message', listener)
    bridge.requestPort()
  })
}

async function dialSocket(): Promise<Wire> {
  const socket = new WebSocket(new URL('/rpc', location.href.replace(/^http/, 'ws')))
  const opened = await new Promise<boolean>((resolve) => {
    socket.addEventListener('open', () => resolve(true), { once: true })
    socket.addEventListener('close', () => resolve(false), { once: true })
  })
  if (opened) return websocketWire(socket)
  // A refused socket does not say why; a request does.
  const answer = await fetch('/', { method: 'HEAD' }).catch(() => null)
  if (answer?.status === 401) {
    throw new TagwrightError(
      'wrong-token',
      'The server was started anew. Open the address that it printed; it carries the token.',
    )
  }
  throw new TagwrightError('no-server', 'The server does not answer.')
}
