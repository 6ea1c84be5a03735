/**
 * A client that outlives its wire: when the connection drops it dials again, subscriptions are made anew and calls wait.
 * A call that was under way when the wire fell is rejected with `disconnected`: it may or may not have been done, and
 * only its caller knows whether repeating it is safe.
 */
import { TagwrightError, toErrorShape } from '@shared/base/errors'
import { client, type Client, type Contracts, type Wire } from '@shared/contract/rpc'

export interface ReconnectOptions {
  /** Opens a wire; rejects when there is nobody at the other end. */
  dial(): Promise<Wire>
  /** Told of every change; `reason` says why the wire fell. */
  onState(state: ConnectionState, reason?: string): void
  /** How long a call waits for a connection before it rejects with `connection-lost`, ms. */
  patience?: number
}
/** refused: a server answers that does not know this window; it is dialled on, since another may come. */
export type ConnectionState = 'connecting' | 'open' | 'lost' | 'refused'

interface Subscription {
  service: string
  event: string
  listener: (payload: unknown) => void
  stop: () => void
}
type Loose = Record<string, Record<string, (...args: unknown[]) => unknown>>

const shortestPause = 250
const longestPause = 5000

export function reconnectingClient<C extends Contracts>(contracts: C, options: ReconnectOptions): Client<C> {
  const { dial, onState, patience = 15_000 } = options
  let current: Loose | null = null
  const waiting = new Set<(target: Loose) => void>()
  const subscriptions = new Set<Subscription>()

  const subscribe = (target: Loose, it: Subscription) => {
    it.stop = target[it.service].on(it.event, it.listener) as () => void
  }
  const open = async (pause: number): Promise<void> => {
    try {
      const wire = await dial()
      wire.onClose((reason) => {
        current = null
        onState('lost', reason)
        void open(shortestPause)
      })
      const target = client(contracts, wire) as unknown as Loose
      current = target
      for (const it of subscriptions) subscribe(target, it)
      onState('open')
      for (const resolve of [...waiting]) resolve(target)
    } catch (error) {
      if (toErrorShape(error).code === 'wrong-token') onState('refused', toErrorShape(error).message)
      setTimeout(() => void open(Math.min(pause * 2, longestPause)), pause)
    }
  }
  const connected = (method: string): Promise<Loose> =>
    new Promise((resolve, reject) => {
      if (current) return resolve(current)
      const settle = (target: Loose) => {
        clearTimeout(timer)
        waiting.delete(settle)
        resolve(target)
      }
      const timer = setTimeout(() => {
        waiting.delete(settle)
        const message = `${method} was not sent: the core does not answer. It is dialled again; repeat it when it is back.`
        reject(new TagwrightError('connection-lost', message, { method }))
      }, patience)
      waiting.add(settle)
    })

  const service = (name: string) =>
    new Proxy(Object.create(null), {
      get(cache: Record<string, unknown>, key) {
        if (typeof key !== 'string') return undefined
        if (key === 'on') {
          return (event: string, listener: (payload: unknown) => void) => {
            const it: Subscription = { service: name, event, listener, stop: () => {} }
            subscriptions.add(it)
            if (current) subscribe(current, it)
            return () => {
              if (subscriptions.delete(it)) it.stop()
            }
          }
        }
        if (!Object.hasOwn(contracts[name].methods, key)) return undefined
        return (cache[key] ??= async (...args: unknown[]) => (await connected(`${name}.${key}`))[name][key](...args))
      },
    })
  onState('connecting')
  void open(shortestPause)
  return new Proxy(Object.create(null), {
    get(cache: Record<string, unknown>, name) {
      if (typeof name !== 'string' || !Object.hasOwn(contracts, name)) return undefined
      return (cache[name] ??= service(name))
    },
  }) as Client<C>
}
