/** Which actions can be invoked now, and the one way to invoke them. */
import { useNavigation } from '../stores/navigation'
import { useNotify } from '../stores/notify'
import type { Action } from './action'

export function isAvailable(action: Action): boolean {
  return isOfView(action) && (action.when?.() ?? true)
}

/** Whether its keys mean it now. */
export function hasKeys(action: Action): boolean {
  return isOfView(action) && ((action.keysWhen ?? action.when)?.() ?? true)
}

const isOfView = (action: Action) => !action.view || useNavigation().view === action.view

/** Runs an action that is available; what it throws is shown. Answers whether it was available. */
export function invoke(action: Action, available = isAvailable): boolean {
  if (!available(action)) return false
  void useNotify().attempt(action.run)
  return true
}
