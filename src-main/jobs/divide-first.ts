import { divideUndivided } from '../store/assign-splits'
import type { Store } from '../store/store'
import type { JobContext } from './define-job'

/** What learns divides the images when nobody has: said in the log, one undo takes it back. */
export function divideFirst(store: Store, log: JobContext['log']): void {
  const divided = divideUndivided(store)
  if (!divided) return
  const { train, val, test } = divided
  log('info', `No image had a split: they are divided now, ${train} to learn from (train), ${val} to choose the best weights (val) and ${test} for the end (test).`) // prettier-ignore
}
