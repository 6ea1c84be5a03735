/** Every action of the window: `actions/*.actions.ts` and `panels/<view>/*.actions.ts` add theirs by default export. */
import type { Action } from './action'

const found = import.meta.glob<readonly Action[]>(['./*.actions.ts', '../panels/*/*.actions.ts'], {
  eager: true,
  import: 'default',
})

export const actions: readonly Action[] = Object.values(found).flat()

const byId = new Map(actions.map((action) => [action.id, action]))
if (byId.size !== actions.length) {
  const twice = actions.find((action) => byId.get(action.id) !== action)!
  throw new Error(`Two actions have the id "${twice.id}".`)
}

export function actionById(id: string): Action | undefined {
  return byId.get(id)
}
