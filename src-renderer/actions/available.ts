/** Which actions can be invoked now, and the one way to invoke them. */
import { useNavigation } from '../stores/navigation'
import { useNotify } from '../stores/notify'
import type { Action } from './action'

export function isAvailable(action: Action): boolean {
  return (!action.view || useNavigation().view === action.view) && (action.when?.() ?? true)
}

/** Runs an action that is available; what it throws is shown. Answers whether it was available. */
export function invoke(action: Action): boolean {
  if (!isAvailable(action)) return false
  void useNotify().attempt(action.run)
  return true
}
