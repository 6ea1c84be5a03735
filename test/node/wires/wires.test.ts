import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { WebSocket, WebSocketServer } from 'ws'
import { beforeAll, describe, expect, test } from 'vitest'
import { client, serve } from '@shared/contract/rpc'
import { messagePortWire } from '@shared/contract/wires/message-port'
import { processWire } from '@shared/contract/wires/process'
import { websocketWire } from '@shared/contract/wires/websocket'
import { bundle } from '../../helpers/bundle'
import { echoContracts, echoHandlers, echoHub } from '../../helpers/echo-contract'
import { describeWire } from '../../helpers/wire-behaviour'

let program: string
beforeAll(async () => {
  program = await bundle(resolve(import.meta.dirname, '../../helpers/echo-process.ts'))
})

const forkEcho = (): ChildProcess => fork(program, [], { serialization: 'advanced', execArgv: [] })

describeWire('child process', async () => {
  const child = forkEcho()
  return {
    wire: processWire(child),
    kill: () => void child.kill('SIGKILL'),
    dispose: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
    },
  }
})

describeWire('worker thread', async () => {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(program, { workerData: { port: port2 }, transferList: [port2] })
  return { wire: messagePortWire(port1), kill: () => void worker.terminate(), dispose: () => void worker.terminate() }
})

async function websocketPair(maxPayload?: number) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...(maxPayload ? { maxPayload } : {}) })
  server.on('connection', (socket) => {
    const hub = echoHub()
    serve(
      echoContracts,
      echoHandlers(hub, () => {}),
      websocketWire(socket),
      { hub },
    )
  })
  await once(server, 'listening')
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await once(socket, 'open')
  const dispose = () => {
    socket.terminate()
    for (const peer of server.clients) peer.terminate()
    server.close()
  }
  return {
    wire: websocketWire(socket),
    socket,
    kill: () => server.clients.forEach((peer) => peer.terminate()),
    dispose,
  }
}

describeWire('WebSocket', () => websocketPair())

describe('child process wire', () => {
  test('says how the process ended', async () => {
    const child = forkEcho()
    const api = client(echoContracts, processWire(child))
    const hang = api.echo.hang()
    void api.echo.die().catch(() => {})
    await expect(hang).rejects.toMatchObject({ message: expect.stringContaining('the process ended with code 7') })

    const killed = forkEcho()
    const other = client(echoContracts, processWire(killed))
    await other.echo.say({ text: 'up' })
    const pending = other.echo.hang()
    killed.kill('SIGKILL')
    await expect(pending).rejects.toMatchObject({
      message: expect.stringContaining('the process was ended by SIGKILL'),
    })
  })

  test('closing it lets the process end by itself', async () => {
    const child = forkEcho()
    const wire = processWire(child)
    await client(echoContracts, wire).echo.say({ text: 'up' })
    wire.close()
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('a file that cannot be started closes the wire', async () => {
    const api = client(echoContracts, processWire(fork('/nowhere/at/all.js', [], { stdio: 'ignore', execArgv: [] })))
    await expect(api.echo.hang()).rejects.toMatchObject({
      code: 'disconnected',
      message: expect.stringContaining('code 1'),
    })
  })
})

describe('WebSocket wire', () => {
  test('a message over the limit closes the connection and says why', async () => {
    const { wire, dispose } = await websocketPair(1 << 16)
    const api = client(echoContracts, wire)
    expect((await api.echo.say({ text: 'x'.repeat(60_000) })).text).toHaveLength(60_000)
    await expect(api.echo.say({ text: 'x'.repeat(70_000) })).rejects.toMatchObject({
      code: 'disconnected',
      message: expect.stringContaining('status 1009'),
    })
    dispose()
  })

  test.each([
    ['text that is not JSON', 'hello'],
    ['bytes', Buffer.from([1, 2, 3])],
  ])('%s closes the connection with status 1003', async (_, data) => {
    const { socket, dispose } = await websocketPair()
    socket.send(data)
    expect((await once(socket, 'close'))[0]).toBe(1003)
    dispose()
  })
})
