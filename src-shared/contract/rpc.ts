/**
 * The contract kernel. A contract states methods (zod in, zod out) and events once; `client` turns it into typed calls
 * over any wire, `serve` answers them. Values are validated at the border, where the handler is: input before it runs,
 * output and event payloads before they leave. Errors cross as `{code, message, details}`; an AbortSignal crosses as a
 * cancel message; a closed wire rejects every pending call.
 */
import { z } from 'zod'
import { TagwrightError, describeSystemError, fromErrorShape, toErrorShape, type ErrorShape } from '../base/errors'
import { events as createEvents } from '../base/events'
import { nearest } from '../base/registry'
import { abortable, onAbort } from './abort'
import type { Wire } from './wires/wire'

export type { Wire } from './wires/wire'

export interface Method {
  input: z.ZodType
  output: z.ZodType
}
export interface Contract {
  methods: Record<string, Method>
  events: Record<string, z.ZodType>
}
/** Service name -> its contract. */
export type Contracts = Record<string, Contract>

/** Input of methods that take nothing. */
export const noInput = z.strictObject({})
/** Output of methods that answer nothing. */
export const noOutput = z.void()

/** `on` is the name under which a client subscribes, so no method may have it. */
export function defineContract<
  const M extends Record<string, Method> & { on?: never },
  const E extends Record<string, z.ZodType> = Record<never, never>,
>(contract: { methods: M; events?: E }): { methods: M; events: E } {
  return { methods: contract.methods, events: contract.events ?? ({} as E) }
}

export interface CallOptions {
  /** Aborting rejects the call with code `cancelled` and tells the handler. */
  signal?: AbortSignal
  /** After an abort, still wait for what the handler answers: it may have work to finish and a result to give. */
  graceful?: boolean
}

type InputOf<M extends Method> = z.input<M['input']>
type Arguments<Input> =
  Record<never, never> extends Input ? [input?: Input, options?: CallOptions] : [input: Input, options?: CallOptions]
export type ServiceClient<C extends Contract> = {
  [K in keyof C['methods']]: (
    ...args: Arguments<InputOf<C['methods'][K]>>
  ) => Promise<z.output<C['methods'][K]['output']>>
} & {
  /** Subscribes to one event; returns the function that ends the subscription. */
  on<E extends keyof C['events']>(event: E, listener: (payload: z.output<C['events'][E]>) => void): () => void
}
export type Client<C extends Contracts> = { [S in keyof C]: ServiceClient<C[S]> }

/** Who is calling: one per wire. */
export interface Caller {
  id: string
}
export interface CallContext {
  signal: AbortSignal
  client: Caller
}
export type Handler<M extends Method> = (
  input: z.output<M['input']>,
  context: CallContext,
) => z.input<M['output']> | Promise<z.input<M['output']>>
export type ServiceHandlers<C extends Contract> = { [K in keyof C['methods']]: Handler<C['methods'][K]> }
export type Handlers<C extends Contracts> = { [S in keyof C]: ServiceHandlers<C[S]> }

type EventName<C extends Contracts> = {
  [S in keyof C & string]: `${S}.${keyof C[S]['events'] & string}`
}[keyof C & string]
type EventSchema<C extends Contracts, N> = N extends `${infer S}.${infer E}`
  ? S extends keyof C
    ? C[S]['events'][E]
    : never
  : never

/** Where a process says what happened; every served wire forwards what its client subscribed to. */
export interface Hub<C extends Contracts = Contracts> {
  emit<N extends EventName<C>>(name: N, payload: z.input<EventSchema<C, N>>): void
  on<N extends EventName<C>>(name: N, listener: (payload: z.output<EventSchema<C, N>>) => void): () => void
}

export function createHub<C extends Contracts>(contracts: C, onError: (error: unknown) => void = () => {}): Hub<C> {
  const emitter = createEvents<Record<string, unknown>>(onError)
  return {
    emit(name, payload) {
      emitter.emit(name, checked(eventSchema(contracts, name), payload, `Event ${name}`, 'internal'))
    },
    on: (name, listener) => emitter.on(name, listener as (payload: unknown) => void),
  }
}

const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('call'), id: z.int(), method: z.string().max(200), input: z.unknown().optional() }),
  z.object({ type: z.literal('cancel'), id: z.int() }),
  z.object({ type: z.literal('result'), id: z.int(), output: z.unknown().optional() }),
  z.object({
    type: z.literal('error'),
    id: z.int().nullable(),
    error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()).optional() }),
  }),
  z.object({ type: z.literal('subscribe'), event: z.string().max(200) }),
  z.object({ type: z.literal('unsubscribe'), event: z.string().max(200) }),
  z.object({ type: z.literal('event'), event: z.string(), payload: z.unknown().optional() }),
])
type Message = z.infer<typeof messageSchema>

/**
 * Typed calls over a wire: `client(contracts, wire).labels.rename({ ... }, { signal })`.
 * Rejects with the handler's error; with `cancelled` when the signal aborts; with `disconnected` when the other end
 * goes away before it answered.
 */
export function client<C extends Contracts>(contracts: C, wire: Wire): Client<C> {
  const pending = new Map<number, { method: string; resolve(output: unknown): void; reject(error: unknown): void }>()
  const listeners = createEvents<Record<string, unknown>>()
  const counts = new Map<string, number>()
  let lastId = 0
  let closed: string | null = null
  const disconnected = (method: string) =>
    new TagwrightError('disconnected', `${method} got no answer: ${closed}. Start it again and repeat the call.`, {
      method,
    })

  wire.onMessage((raw) => {
    const message = messageSchema.safeParse(raw).data
    if (message?.type === 'event') listeners.emit(message.event, message.payload)
    if (message?.type !== 'result' && message?.type !== 'error') return
    const call = message.id === null ? undefined : pending.get(message.id)
    if (!call) return
    pending.delete(message.id!)
    if (message.type === 'result') call.resolve(message.output)
    else call.reject(fromErrorShape(message.error))
  })
  wire.onClose((reason) => {
    closed = reason
    for (const call of pending.values()) call.reject(disconnected(call.method))
    pending.clear()
  })
  const send = (message: Message) => wire.send(message)

  const call = (method: string, input: unknown, { signal, graceful }: CallOptions = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (closed !== null) return reject(disconnected(method))
      const cancelled = () => new TagwrightError('cancelled', `${method} was cancelled.`, { method })
      if (signal?.aborted) return reject(cancelled())
      const id = ++lastId
      const stop = signal
        ? onAbort(signal, () => {
            if (!pending.has(id)) return
            send({ type: 'cancel', id })
            if (graceful) return
            pending.delete(id)
            reject(cancelled())
          })
        : () => {}
      pending.set(id, {
        method,
        resolve: (output) => (stop(), resolve(output)),
        reject: (error) => (stop(), reject(error)),
      })
      try {
        send({ type: 'call', id, method, input: input === undefined ? {} : input })
      } catch (error) {
        pending.delete(id)
        stop()
        reject(error)
      }
    })

  const subscribe = (event: string, listener: (payload: unknown) => void) => {
    const stop = listeners.on(event, listener)
    counts.set(event, (counts.get(event) ?? 0) + 1)
    if (counts.get(event) === 1) send({ type: 'subscribe', event })
    let done = false
    return () => {
      if (done) return
      done = true
      stop()
      counts.set(event, counts.get(event)! - 1)
      if (counts.get(event) === 0 && closed === null) send({ type: 'unsubscribe', event })
    }
  }

  const service = (name: string, contract: Contract) =>
    new Proxy(Object.create(null), {
      get(cache: Record<string, unknown>, key) {
        if (typeof key !== 'string') return undefined
        if (key === 'on')
          return (event: string, listener: (payload: unknown) => void) => subscribe(`${name}.${event}`, listener)
        if (!Object.hasOwn(contract.methods, key)) return undefined
        return (cache[key] ??= (input: unknown, options?: CallOptions) => call(`${name}.${key}`, input, options))
      },
    })
  return new Proxy(Object.create(null), {
    get(cache: Record<string, unknown>, name) {
      if (typeof name !== 'string' || !Object.hasOwn(contracts, name)) return undefined
      return (cache[name] ??= service(name, contracts[name]))
    },
  }) as Client<C>
}

export interface ServeOptions<C extends Contracts> {
  hub?: Hub<C>
  client?: Caller
  /** Hears of errors that are not TagwrightErrors: faults of the program, with the method's name. */
  onError?: (error: unknown, method: string) => void
}
export interface Server {
  /** Refuses new calls with `closing` and waits for those that run, so that no answer is lost. */
  drain(): Promise<void>
  /** Aborts running calls, waits for their handlers and stops listening. The wire stays open. */
  close(): Promise<void>
}

/** Answers the calls that arrive on a wire. When the wire closes, running handlers see their signal abort. */
export function serve<C extends Contracts>(
  contracts: C,
  handlers: Handlers<C>,
  wire: Wire,
  { hub, client: caller = { id: 'local' }, onError = () => {} }: ServeOptions<C> = {},
): Server {
  const running = new Map<number, { abort: (reason?: unknown) => void; done: Promise<void> }>()
  const subscriptions = new Map<string, () => void>()
  let open = true
  let draining = false
  const reply = (message: Message) => {
    if (open) wire.send(message)
  }

  const answer = async (id: number, method: string, input: unknown, signal: AbortSignal) => {
    try {
      const { spec, handler } = find(contracts, handlers, method)
      if (signal.aborted) throw signal.reason
      const output = await handler(checked(spec.input, input, method, 'bad-input'), { signal, client: caller })
      reply({ type: 'result', id, output: checked(spec.output, output, `The answer of ${method}`, 'internal') })
    } catch (error) {
      // What the system refused is told to the caller; only what nobody foresaw is for the log.
      if (!(error instanceof TagwrightError || describeSystemError(error)) && !signal.aborted) onError(error, method)
      reply({ type: 'error', id, error: toErrorShape(error) })
    } finally {
      running.delete(id)
    }
  }

  const stopMessages = wire.onMessage((raw) => {
    const parsed = messageSchema.safeParse(raw)
    if (!parsed.success) return reply({ type: 'error', id: null, error: badMessage })
    const message = parsed.data
    switch (message.type) {
      case 'call': {
        if (running.has(message.id)) {
          return reply({
            type: 'error',
            id: null,
            error: { ...badMessage, message: `Call ${message.id} is already running.` },
          })
        }
        if (draining) return reply({ type: 'error', id: message.id, error: closing })
        const { signal, abort } = abortable()
        // The handler starts in a later microtask, so that `running` holds the call before it can end.
        const done = Promise.resolve().then(() => answer(message.id, message.method, message.input, signal))
        running.set(message.id, { abort, done })
        return
      }
      case 'cancel':
        running.get(message.id)?.abort(new TagwrightError('cancelled', 'The call was cancelled.'))
        return
      case 'subscribe': {
        const name = message.event
        if (!hub || subscriptions.has(name) || !hasEvent(contracts, name)) return
        const emitter = hub as unknown as { on(name: string, listener: (payload: unknown) => void): () => void }
        subscriptions.set(
          name,
          emitter.on(name, (payload) => reply({ type: 'event', event: name, payload })),
        )
        return
      }
      case 'unsubscribe':
        subscriptions.get(message.event)?.()
        subscriptions.delete(message.event)
        return
      // Answers to calls of a client at this end of the same wire.
      case 'result':
      case 'error':
      case 'event':
    }
  })

  const shut = (reason: string) => {
    open = false
    for (const stop of subscriptions.values()) stop()
    subscriptions.clear()
    for (const call of running.values()) call.abort(new TagwrightError('cancelled', `The caller is gone: ${reason}.`))
  }
  const stopClose = wire.onClose(shut)
  return {
    async drain() {
      draining = true
      await Promise.all([...running.values()].map((call) => call.done))
    },
    async close() {
      stopMessages()
      stopClose()
      for (const call of running.values()) call.abort(new TagwrightError('cancelled', 'The service is closing.'))
      await Promise.all([...running.values()].map((call) => call.done))
      shut('the service closed')
    },
  }
}

const closing: ErrorShape = {
  code: 'closing',
  message: 'The process that owns the project is ending. Repeat the command.',
}
const badMessage: ErrorShape = { code: 'bad-message', message: 'The message is not one of the contract protocol.' }

function find(contracts: Contracts, handlers: Handlers<Contracts>, path: string) {
  const dot = path.indexOf('.')
  const service = path.slice(0, dot)
  const name = path.slice(dot + 1)
  if (dot > 0 && Object.hasOwn(contracts, service) && Object.hasOwn(contracts[service].methods, name)) {
    return { spec: contracts[service].methods[name], handler: handlers[service][name] }
  }
  const known = Object.entries(contracts).flatMap(([s, contract]) =>
    Object.keys(contract.methods).map((m) => `${s}.${m}`),
  )
  const hint = nearest(path, known)
  throw new TagwrightError('unknown-method', `There is no method "${path}".${hint ? ` Did you mean "${hint}"?` : ''}`, {
    method: path,
  })
}

function hasEvent(contracts: Contracts, name: string): boolean {
  const dot = name.indexOf('.')
  const service = name.slice(0, dot)
  return Object.hasOwn(contracts, service) && Object.hasOwn(contracts[service].events, name.slice(dot + 1))
}

function eventSchema(contracts: Contracts, name: string): z.ZodType {
  if (!hasEvent(contracts, name)) throw new TagwrightError('unknown-event', `There is no event "${name}".`)
  const dot = name.indexOf('.')
  return contracts[name.slice(0, dot)].events[name.slice(dot + 1)]
}

function checked<S extends z.ZodType>(schema: S, value: unknown, what: string, code: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const at = issue.path.map(String).join('.')
  throw new TagwrightError(code, `${what}: ${at ? `"${at}": ` : ''}${issue.message}.`, {
    issues: result.error.issues.slice(0, 10).map(({ path, message }) => ({ path: path.map(String), message })),
  })
}
