import { describe, expect, test, vi } from 'vitest'
import { client, serve } from '@shared/contract/rpc'
import { memoryWires } from '@shared/contract/wires/memory'
import { echoContracts, echoHandlers, echoHub } from '../../helpers/echo-contract'
import { describeWire } from '../../helpers/wire-behaviour'

const served = (options: { onError?: (error: unknown, method: string) => void } = {}) => {
  const [near, far] = memoryWires()
  const hub = echoHub()
  const server = serve(
    echoContracts,
    echoHandlers(hub, () => {}),
    far,
    { hub, client: { id: 'test' }, ...options },
  )
  return { near, far, hub, server, api: client(echoContracts, near) }
}

describeWire('memory', async () => {
  const { near, far } = served()
  return { wire: near, kill: () => far.close(), dispose: () => near.close() }
})

describe('serve', () => {
  const replies = async (messages: unknown[]) => {
    const { near } = served()
    const heard: unknown[] = []
    near.onMessage((message) => heard.push(message))
    for (const message of messages) near.send(message)
    await new Promise((resolve) => setTimeout(resolve, 5))
    return heard
  }

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'call echo.say'],
    ['an array', []],
    ['an unknown type', { type: 'shutdown' }],
    ['an id that is no integer', { type: 'call', id: 'x', method: 'echo.say', input: {} }],
    ['a method name of a megabyte', { type: 'call', id: 1, method: 'x'.repeat(1 << 20), input: {} }],
  ])('answers %s with bad-message', async (_, message) => {
    expect(await replies([message])).toMatchObject([{ type: 'error', id: null, error: { code: 'bad-message' } }])
  })

  test.each([
    '__proto__.toString',
    'constructor.name',
    'echo.__proto__',
    'echo.constructor',
    'echo',
    '.say',
    'echo.say.x',
    '',
  ])('does not find the method "%s"', async (method) => {
    expect(await replies([{ type: 'call', id: 1, method, input: {} }])).toMatchObject([
      { error: { code: 'unknown-method' } },
    ])
  })

  test('refuses a second call under a running id and keeps the first', async () => {
    const call = { type: 'call', id: 4, method: 'echo.hang', input: {} }
    expect(await replies([call, call])).toMatchObject([{ type: 'error', id: null, error: { code: 'bad-message' } }])
    expect(await replies([call, call, { type: 'cancel', id: 4 }])).toMatchObject([
      { id: null },
      { type: 'error', id: 4, error: { code: 'cancelled' } },
    ])
  })

  test('ignores subscriptions to what is no event, and cancels of nothing', async () => {
    expect(
      await replies([
        { type: 'subscribe', event: 'echo.nothing' },
        { type: 'subscribe', event: '__proto__.x' },
        { type: 'unsubscribe', event: 'echo.ticked' },
        { type: 'cancel', id: 77 },
      ]),
    ).toEqual([])
  })

  test('tells faults of the program to onError, and only those', async () => {
    const onError = vi.fn()
    const { api } = served({ onError })
    await expect(api.echo.fail({ kind: 'known' })).rejects.toThrow()
    await expect(api.echo.fail({ kind: 'unknown' })).rejects.toThrow()
    expect(onError.mock.calls.map(([error, method]) => [String(error), method])).toEqual([
      ['TypeError: x is not a function', 'echo.fail'],
    ])
  })

  test('knows who calls', async () => {
    expect(await served().api.echo.who()).toEqual({ id: 'test' })
  })

  test('drain lets running calls end and refuses new ones', async () => {
    const { api, server } = served()
    const controller = new AbortController()
    const running = api.echo.finish({}, { signal: controller.signal, graceful: true })
    await api.echo.say({ text: 'arrived' })
    const drained = server.drain()
    await expect(api.echo.say({ text: 'late' })).rejects.toMatchObject({ code: 'closing' })
    controller.abort()
    await drained
    expect(await running).toEqual({ text: 'finished properly' })
  })

  test('close aborts running calls and waits for them', async () => {
    const { api, server } = served()
    const call = api.echo.hang()
    const settled = Promise.allSettled([call])
    await api.echo.say({ text: 'arrived' })
    await server.close()
    expect((await settled)[0]).toMatchObject({ reason: { code: 'cancelled', message: 'The service is closing.' } })
  })
})

describe('hub', () => {
  test('refuses a payload that does not match its contract', () => {
    const hub = echoHub()
    expect(() => hub.emit('echo.ticked', { n: 1.5 })).toThrow(expect.objectContaining({ code: 'internal' }))
    // @ts-expect-error no such event
    expect(() => hub.emit('echo.nothing', {})).toThrow(expect.objectContaining({ code: 'unknown-event' }))
  })
})

describe('client', () => {
  test('has nothing but the contract, so that a promise may hold it', async () => {
    const { api } = served()
    expect(await Promise.resolve(api)).toBe(api)
    expect((api as Record<string, unknown>).constructor).toBeUndefined()
    expect((api.echo as Record<string, unknown>).then).toBeUndefined()
  })
})
