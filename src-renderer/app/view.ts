/** A view fills the window beside the activity bar. `panels/<id>/view.ts` registers one by its default export. */
import type { Component } from 'vue'

export interface View {
  id: string
  /** i18n key. */
  title: string
  icon: Component
  /** Position in the activity bar, ascending. */
  order: number
  /** Only offered while a project is open. */
  needsProject: boolean
  component: () => Promise<{ default: Component }>
}

export const defineView = (view: View): View => view
