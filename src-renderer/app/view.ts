/** A view fills the window beside the activity bar. `panels/<id>/view.ts` registers one by its default export. */
import type { Component } from 'vue'
import type { TaskId } from '@shared/domain/task'

export interface View {
  id: string
  /** i18n key. */
  title: string
  icon: Component
  /** Position in the activity bar, ascending. */
  order: number
  /** Only offered while a project is open. */
  needsProject: boolean
  /** Projects of other tasks do without it; absent: all have it. */
  tasks?: readonly TaskId[]
  component: () => Promise<{ default: Component }>
  /** Begins to read what it shows, while its code comes: called when the window starts with this view and a project is open. */
  prepare?: () => void
}

/** Whether projects of a task show the view. @param task null: no project is open. */
export const isViewOf = ({ tasks }: Pick<View, 'tasks'>, task: string | null): boolean =>
  task === null || !tasks || tasks.some((one) => one === task)

export const defineView = (view: View): View => view
