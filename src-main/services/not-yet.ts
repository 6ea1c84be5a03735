import { TagwrightError } from '@shared/base/errors'
import type { Contract, ServiceHandlers } from '@shared/contract/rpc'

/** Handlers of a service whose contract is agreed before it is built. */
export function notYet<C extends Contract>(contract: C): ServiceHandlers<C> {
  const refuse = () => Promise.reject(new TagwrightError('not-available', 'This version cannot do that yet.'))
  return Object.fromEntries(
    Object.keys(contract.methods).map((name) => [name, refuse]),
  ) as unknown as ServiceHandlers<C>
}
