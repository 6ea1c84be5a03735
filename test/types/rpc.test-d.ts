import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  client,
  createHub,
  defineContract,
  noInput,
  noOutput,
  serve,
  type Handlers,
  type Wire,
} from '@shared/contract/rpc'

const contracts = {
  labels: defineContract({
    methods: {
      rename: { input: z.object({ id: z.int(), name: z.string() }), output: z.object({ revision: z.int() }) },
      list: { input: z.object({ limit: z.int().default(10) }), output: z.array(z.string()) },
      clear: { input: noInput, output: noOutput },
    },
    events: { changed: z.object({ revision: z.int() }) },
  }),
}
declare const wire: Wire

describe('wrong calls do not compile', () => {
  const api = client(contracts, wire)

  test('right calls are typed through and through', () => {
    expectTypeOf(api.labels.rename).returns.resolves.toEqualTypeOf<{ revision: number }>()
    expectTypeOf(api.labels.list()).resolves.toEqualTypeOf<string[]>()
    expectTypeOf(api.labels.clear()).resolves.toEqualTypeOf<void>()
    expectTypeOf(
      api.labels.rename({ id: 1, name: 'a' }, { signal: new AbortController().signal }),
    ).resolves.toEqualTypeOf<{
      revision: number
    }>()
    api.labels.on('changed', (payload) => expectTypeOf(payload).toEqualTypeOf<{ revision: number }>())
  })

  test('calls', () => {
    // @ts-expect-error no such service
    void api.label
    // @ts-expect-error no such method
    void api.labels.renam
    // @ts-expect-error input is missing
    void api.labels.rename()
    // @ts-expect-error a field is missing
    void api.labels.rename({ id: 1 })
    // @ts-expect-error wrong type
    void api.labels.rename({ id: '1', name: 'a' })
    // @ts-expect-error unknown option
    void api.labels.list({}, { timeout: 3 })
    // @ts-expect-error no such event
    api.labels.on('gone', () => {})
    // @ts-expect-error no such field in the payload
    api.labels.on('changed', (payload) => payload.label)
  })

  test('handlers', () => {
    const right: Handlers<typeof contracts> = {
      labels: {
        rename: ({ id }, { signal, client }) => {
          expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
          expectTypeOf(client.id).toEqualTypeOf<string>()
          return { revision: id }
        },
        list: async ({ limit }) => Array.from({ length: limit }, String),
        clear: () => {},
      },
    }
    serve(contracts, right, wire)
    // @ts-expect-error a handler is missing
    serve(contracts, { labels: { rename: right.labels.rename, list: right.labels.list } }, wire)
    // @ts-expect-error wrong answer
    serve(contracts, { labels: { ...right.labels, rename: () => ({ version: 1 }) } }, wire)
  })

  test('events', () => {
    const hub = createHub(contracts)
    hub.emit('labels.changed', { revision: 1 })
    // @ts-expect-error no such event
    hub.emit('labels.moved', { revision: 1 })
    // @ts-expect-error wrong payload
    hub.emit('labels.changed', { revision: 'one' })
  })

  test('contracts', () => {
    // @ts-expect-error `on` is how clients subscribe
    defineContract({ methods: { on: { input: noInput, output: noOutput } } })
  })
})
