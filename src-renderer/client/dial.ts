/** Opens the wire to the core: the port that the Electron shell hands over, else the WebSocket of the browser host. */
import type { Wire } from '@shared/contract/rpc'
import type { ShellBridge } from '@shared/contract/shell'
import { messagePortWire } from '@shared/contract/wires/message-port'
import { websocketWire } from '@shared/contract/wires/websocket'

/** What the preload script exposes; absent in a browser. */
export const shell = (globalThis as { tagwright?: ShellBridge }).tagwright

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

function dialSocket(): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(new URL('/rpc', location.href.replace(/^http/, 'ws')))
    socket.addEventListener('open', () => resolve(websocketWire(socket)), { once: true })
    socket.addEventListener('close', () => reject(new Error('the server does not answer')), { once: true })
  })
}
