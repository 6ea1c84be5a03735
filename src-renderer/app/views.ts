/** Every view of the window: dropping a `view.ts` into a folder of `panels` adds one. */
import type { View } from './view'

const found = import.meta.glob<View>('../panels/*/view.ts', { eager: true, import: 'default' })

/** In the order of the activity bar. */
export const views: readonly View[] = Object.values(found).toSorted((a, b) => a.order - b.order)

export function viewById(id: string): View | undefined {
  return views.find((view) => view.id === id)
}
