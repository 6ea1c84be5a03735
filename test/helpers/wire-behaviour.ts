import { afterEach, describe, expect, test } from 'vitest'
import { client, type Wire } from '@shared/contract/rpc'
import { echoContracts } from './echo-contract'

export interface Connection {
  /** The client's end; the other end serves `echoContracts`. */
  wire: Wire
  /** Ends the serving side abruptly. */
  kill(): void | Promise<void>
  dispose(): void | Promise<void>
}

/** What every wire must carry. */
export function describeWire(name: string, connect: () => Promise<Connection>): void {
  describe(`${name} wire`, () => {
    let open: Connection[] = []
    const start = async () => {
      const connection = await connect()
      open.push(connection)
      return { ...connection, api: client(echoContracts, connection.wire) }
    }
    afterEach(async () => {
      for (const connection of open) await connection.dispose()
      open = []
    })

    test('carries calls both ways, in any number, with defaults filled in', async () => {
      const { api } = await start()
      expect(await api.echo.say({ text: 'ahoy' })).toEqual({ text: 'ahoy' })
      const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => api.echo.say({ text: `${i},`, times: 2 })))
      expect(answers.map((a) => a.text)).toEqual(Array.from({ length: 50 }, (_, i) => `${i},${i},`))
    })

    test('carries errors in one shape', async () => {
      const { api } = await start()
      await expect(api.echo.fail({ kind: 'known' })).rejects.toMatchObject({
        name: 'TagwrightError',
        code: 'no-luck',
        message: 'There is 0 luck. Try tomorrow.',
        details: { luck: 0 },
      })
      await expect(api.echo.fail({ kind: 'unknown' })).rejects.toMatchObject({
        code: 'internal',
        message: 'x is not a function',
      })
      await expect(api.echo.fail({ kind: 'bad-output' })).rejects.toMatchObject({ code: 'internal' })
    })

    test('validates input where it arrives', async () => {
      const { api } = await start()
      const wrong = api.echo.say({ text: 7 as unknown as string })
      await expect(wrong).rejects.toMatchObject({
        code: 'bad-input',
        message: expect.stringContaining('echo.say: "text"'),
      })
    })

    test('answers an unknown method with a hint and lives on', async () => {
      const { wire, api } = await start()
      const error = new Promise((resolve) => wire.onMessage((message) => resolve(message)))
      wire.send({ type: 'call', id: 900, method: 'echo.sya', input: {} })
      expect(await error).toMatchObject({
        type: 'error',
        id: 900,
        error: { code: 'unknown-method', message: 'There is no method "echo.sya". Did you mean "echo.say"?' },
      })
      expect(await api.echo.say({ text: 'still here' })).toEqual({ text: 'still here' })
    })

    test('carries an abort to the handler', async () => {
      const { api } = await start()
      const controller = new AbortController()
      const call = api.echo.hang({}, { signal: controller.signal })
      await api.echo.say({ text: 'the call before has arrived' })
      controller.abort()
      await expect(call).rejects.toMatchObject({ code: 'cancelled' })
      expect(await api.echo.aborted()).toEqual({ count: 1 })
      await expect(api.echo.hang({}, { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' })
    })

    test('waits for the answer of an aborted call that is graceful', async () => {
      const { api } = await start()
      const controller = new AbortController()
      const call = api.echo.finish({}, { signal: controller.signal, graceful: true })
      await api.echo.say({ text: 'the call before has arrived' })
      controller.abort()
      expect(await call).toEqual({ text: 'finished properly' })
    })

    test('pushes events to subscribers only', async () => {
      const { api } = await start()
      const first: number[] = []
      const second: number[] = []
      await api.echo.tick({ count: 3 })
      const stopFirst = api.echo.on('ticked', ({ n }) => first.push(n))
      const stopSecond = api.echo.on('ticked', ({ n }) => second.push(n))
      await api.echo.tick({ count: 2 })
      stopFirst()
      await api.echo.tick({ count: 1 })
      stopSecond()
      await api.echo.tick({ count: 5 })
      expect(first).toEqual([0, 1])
      expect(second).toEqual([0, 1, 0])
    })

    test('rejects every pending call when the other end dies, and every later one', async () => {
      const { api, kill } = await start()
      const pending = [api.echo.hang(), api.echo.hang()]
      const settled = Promise.allSettled(pending)
      await api.echo.say({ text: 'both have arrived' })
      await kill()
      for (const result of await settled) {
        expect(result).toMatchObject({
          status: 'rejected',
          reason: {
            code: 'disconnected',
            message: expect.stringMatching(/^echo\.hang got no answer: .+\. Start it again and repeat the call\.$/),
          },
        })
      }
      await expect(api.echo.say({ text: 'anyone?' })).rejects.toMatchObject({ code: 'disconnected' })
    })
  })
}
