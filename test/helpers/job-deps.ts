import { contracts } from '@shared/contract'
import { createHub } from '@shared/contract/rpc'
import type { JobDeps } from '../../src-main/jobs/job-deps'
import type { Store } from '../../src-main/store/store'

/** For services that start no worker; `events` collects what they tell. */
export function serviceDeps(store: () => Store): JobDeps & { events: { name: string; payload: unknown }[] } {
  const hub = createHub(contracts)
  const events: { name: string; payload: unknown }[] = []
  for (const name of ['predictions.changed', 'results.changed', 'runs.changed', 'runs.live'] as const)
    hub.on(name, (payload) => events.push({ name, payload }))
  const startWorker = () => {
    throw new Error('no worker in this test')
  }
  return { store, hub, startWorker, events }
}

/** Checks input and output against the contract, as a wire does. */
export function overContract<S extends keyof typeof contracts>(service: S, handlers: object) {
  const { methods } = contracts[service]
  return async (method: string & keyof (typeof contracts)[S]['methods'], input: unknown): Promise<unknown> => {
    const { input: given, output } = (methods as Record<string, { input: { parse(v: unknown): unknown }; output: { parse(v: unknown): unknown } }>)[method] // prettier-ignore
    const handler = (handlers as Record<string, (input: unknown, context: unknown) => unknown>)[method]
    return output.parse(
      await handler(given.parse(input), { signal: new AbortController().signal, client: { id: 't' } }),
    )
  }
}
