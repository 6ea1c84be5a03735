/** The project that this core has open; services ask for it at every call. */
import type { Store } from '../store/store'

export interface ProjectSession {
  /** Throws `no-project` when none is open. */
  store(): Store
  /** Creates a project and makes it the open one. Throws `project-exists`. */
  init(folder: string, project: { name?: string; task?: string }): Store | Promise<Store>
  open(folder: string): Store | Promise<Store>
}
