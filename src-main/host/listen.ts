/** The web host on a socket: the fetch handler of web.ts, and the contract over WebSocket at /rpc. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname as computerName, networkInterfaces } from 'node:os'
import type { Duplex } from 'node:stream'
import { serve } from '@hono/node-server'
import { WebSocketServer } from 'ws'
import { TagwrightError } from '@shared/base/errors'
import type { Caller, Wire } from '@shared/contract/rpc'
import { websocketWire } from '@shared/contract/wires/websocket'
import type { Store } from '../store/store'
import type { Ports } from './ports'
import { createGate, createWeb, type WebOptions } from './web'

export interface ListenOptions {
  /** Default 127.0.0.1: this machine only. */
  hostname?: string
  /** Default 0: any free one. */
  port?: number
}

/** What the endpoint needs of a studio. */
export interface ListeningStudio {
  connect(wire: Wire, caller: Caller): void
  store(): Store | null
}

export interface Listener {
  port: number
  token: string
  /** The address for a browser, with the token. */
  url: string
  /** The same with a key that is good once, for command lines that other users of the machine can read. */
  ticketUrl(): string
  close(): Promise<void>
}

/** A message of the contract is rows, never pixels: 16 MB is far more than the largest. */
const maxMessage = 16 * 2 ** 20
/** A connection that does not answer a ping within this time is dropped, ms. */
const pingInterval = 30_000

/** Throws `port-taken`, `cannot-listen`. */
export async function listen(
  studio: ListeningStudio,
  ports: Pick<Ports, 'version' | 'log' | 'ui'>,
  { hostname = '127.0.0.1', port: wanted = 0 }: ListenOptions = {},
): Promise<Listener> {
  const token = randomBytes(32).toString('base64url')
  const hosts: string[] = []
  const tickets = new Set<string>()
  const { version, ui } = ports
  const options: WebOptions = { token, tickets, hosts, cookie: 'tagwright', version, ui, store: studio.store }
  const gate = createGate(options)
  const web = createWeb(options)

  const server = await new Promise<HttpServer>((resolve, reject) => {
    const http = serve({ fetch: web.fetch, hostname, port: wanted }, () => resolve(http)) as HttpServer
    http.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE'
      const message = taken
        ? `Port ${wanted} is in use. Choose another with --port, or 0 for any free one.`
        : `The server cannot listen on ${hostname}:${wanted} (${cause.code}). Choose another address.`
      reject(new TagwrightError(taken ? 'port-taken' : 'cannot-listen', message, { hostname, port: wanted }, { cause }))
    })
  })
  const { port } = server.address() as AddressInfo
  const isWildcard = hostname === '0.0.0.0' || hostname === '::'
  const names = new Set(['127.0.0.1', 'localhost', ...(isWildcard ? ownNames() : [hostname])].map(bracketed))
  hosts.push(...[...names].map((name) => `${name}:${port}`.toLowerCase()))
  options.cookie = `tagwright_${port}`

  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessage, perMessageDeflate: false })
  let callers = 0
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {})
    const { host, origin, authorization, cookie = '' } = request.headers
    const own = new RegExp(`(?:^|;\\s*)${options.cookie}=([^;]*)`).exec(cookie)?.[1]
    const refusal = gate.check({ host, origin, authorization, cookie: own })
    const path = request.url?.split('?')[0]
    if (refusal || path !== '/rpc') {
      const status = refusal ? `${refusal.status} ${refusal.code}` : '404 not-found'
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      let alive = true
      webSocket.on('pong', () => {
        alive = true
      })
      const ping = setInterval(() => {
        if (!alive) webSocket.terminate()
        alive = false
        webSocket.ping()
      }, pingInterval)
      webSocket.on('close', () => clearInterval(ping))
      studio.connect(websocketWire(webSocket), { id: `websocket-${++callers}` })
    })
  })
  ports.log('info', `Listening on ${hostname}:${port}.`)

  const shown = isWildcard ? computerName() : bracketed(hostname)
  const address = (key: string) => `http://${shown}:${port}/?token=${key}`
  return {
    port,
    token,
    url: address(token),
    ticketUrl() {
      const ticket = randomBytes(32).toString('base64url')
      tickets.add(ticket)
      return address(ticket)
    },
    async close() {
      for (const socket of sockets.clients) socket.close(1001)
      // Those that do not answer the closing handshake are cut. So are connections that a browser opened ahead without
      // asking anything yet: Node counts them as busy until its header timeout, a minute or two later.
      const cut = setTimeout(() => {
        sockets.clients.forEach((socket) => socket.terminate())
        server.closeAllConnections()
      }, 500)
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      })
      clearTimeout(cut)
    },
  }
}

const bracketed = (name: string): string => (name.includes(':') ? `[${name}]` : name)

/** Under what other machines may address this one. */
const ownNames = (): string[] => [
  computerName(),
  ...Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address) ?? []),
]
