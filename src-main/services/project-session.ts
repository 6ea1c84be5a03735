/** The project that this core has open; services ask for it at every call. */
import type { Store } from '../store/store'

export interface SwitchOptions {
  /** true: what is open is closed first. false: opening a second project is refused with `project-open`. */
  replace: boolean
  /** Jobs that run are interrupted. false: the call is refused with `jobs-running`. */
  force: boolean
}

export interface ProjectSession {
  /** Throws `no-project` when none is open. */
  store(): Store
  /** Creates a project and makes it the open one. Throws `project-exists`. */
  init(
    folder: string,
    project: { name?: string; task?: string },
    options?: Partial<SwitchOptions>,
  ): Store | Promise<Store>
  open(folder: string, options?: Partial<SwitchOptions>): Store | Promise<Store>
}

export interface ProjectSwitch extends ProjectSession {
  /** Does nothing when none is open. */
  close(options?: { force?: boolean }): Promise<void>
}
