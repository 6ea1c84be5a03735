/** The one project that a core has open: its lock, store and queue, and how it is exchanged for another. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { finalJobStatuses } from '@shared/contract/jobs'
import { memoryJobRows, storeJobRows, type JobRows } from '../jobs/job-rows'
import type { Queue } from '../jobs/queue'
import { makeFolder } from '../media/make-folder'
import type { ProjectSwitch, SwitchOptions } from '../services/project-session'
import { interruptRunning } from '../store/job'
import { initStore, openStore, projectFileName, projectFolder, type Store } from '../store/store'
import { acquireLock, type Endpoint, type Lock, type Owner } from './lock'

/** Another process owns the project: attach to it. */
export class ProjectOwned extends TagwrightError {
  readonly owner: Owner & { endpoint: Endpoint }

  constructor(folder: string, owner: Owner & { endpoint: Endpoint }) {
    const { pid, endpoint } = owner
    const url = `${endpoint.url.replace(/^ws/, 'http').replace(/\/rpc$/, '/')}?token=${endpoint.token}`
    super('project-owned', `The project in ${folder} is open in process ${pid}. Attach to it, or close it there.`, {
      folder,
      pid,
      url,
    })
    this.owner = owner
  }
}

/** Work that goes on beside an open project (hashing, watching a folder...): begun and ended with it. */
export interface ProjectTask {
  opened(store: Store): void
  /** The store is still open; after the promise it is not. */
  closing(): void | Promise<void>
}

export interface ProjectSlotOptions {
  newQueue(rows: JobRows): Queue
  startsQueuedJobs: boolean
  /** Where other processes attach; called before a project is opened. */
  endpoint(): Promise<Endpoint>
  tasks: readonly ProjectTask[]
  /** After a project was opened or closed. */
  onSwitch(store: Store | null): void
}

export interface ProjectSlot extends Omit<ProjectSwitch, 'store'> {
  /** null: no project is open. */
  store(): Store | null
  queue(): Queue
  /** Throws {@link ProjectOwned}, `project-open` (unless `replace`), `jobs-running` (unless `force`) and what openStore throws. */
  open(folder: string, options?: Partial<SwitchOptions>): Promise<Store>
  /** Ends jobs: they become `interrupted`. */
  stopJobs(): Promise<void>
}

export function createProjectSlot(options: ProjectSlotOptions): ProjectSlot {
  let store: Store | null = null
  let lock: Lock | null = null
  let queue = options.newQueue(memoryJobRows())
  let last: Promise<unknown> = Promise.resolve()
  /** One exchange at a time. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work)
    last = next.catch(() => {})
    return next
  }

  const refuseRunning = (force: boolean) => {
    if (force || !queue.busy) return
    const jobs = queue
      .list(1000)
      .filter(({ status }) => !finalJobStatuses.includes(status))
      .map(({ id, kind, run }) => ({ id, kind, run }))
    throw new TagwrightError(
      'jobs-running',
      `${jobs.length === 1 ? 'A job is' : `${jobs.length} jobs are`} still running (${jobs.map(({ kind, run }) => run ?? kind).join(', ')}). Wait, cancel, or close anyway: training runs can be resumed later.`,
      { jobs },
    )
  }

  /** Leaves a core without a project. */
  const release = async () => {
    await queue.close()
    for (const task of options.tasks) await task.closing()
    const [oldStore, oldLock] = [store, lock]
    store = null
    lock = null
    queue = options.newQueue(memoryJobRows())
    oldStore?.close()
    oldLock?.release()
  }

  /** `sameFolder`: an open project that is asked for again is the answer; a new one in its folder is an error. */
  const take = (
    folder: string,
    openOrInit: () => Store,
    { replace = false, force = false, sameFolder }: Partial<SwitchOptions> & { sameFolder: boolean },
  ) =>
    inTurn(async () => {
      if (store) {
        if (replace && store.folder === folder) return sameFolder ? store : openOrInit()
        if (!replace) {
          throw new TagwrightError(
            'project-open',
            `The project in ${store.folder} is open here already. Close it first.`,
            {
              folder: store.folder,
            },
          )
        }
      }
      refuseRunning(force)
      const endpoint = await options.endpoint()
      const result = await acquireLock(folder)
      if ('owner' in result) {
        // The same folder under another path.
        if (store && replace && sameFolder && result.owner.pid === process.pid) return store
        throw new ProjectOwned(folder, result.owner)
      }
      let opened: Store | null = null
      try {
        opened = openOrInit()
        interruptRunning(opened.db)
        const rows = storeJobRows(opened.db)
        await release()
        store = opened
        lock = result.lock
        queue = options.newQueue(rows)
        queue.recover({ start: options.startsQueuedJobs })
        lock.setEndpoint(endpoint)
      } catch (error) {
        if (store === opened) {
          store = null
          lock = null
        }
        opened?.close()
        result.lock.release()
        throw error
      }
      for (const task of options.tasks) task.opened(store)
      options.onSwitch(store)
      return store
    })

  return {
    store: () => store,
    queue: () => queue,
    async open(path, switching = {}) {
      const folder = projectFolder(path)
      // Before the lock, so that a wrong path does not leave a lock file behind.
      if (!existsSync(join(folder, projectFileName))) return openStore(folder)
      return take(folder, () => openStore(folder), { ...switching, sameFolder: true })
    },
    async init(path, project, switching = {}) {
      const folder = resolve(path)
      makeFolder(folder)
      return take(folder, () => initStore(folder, project), { ...switching, sameFolder: false })
    },
    stopJobs: () => queue.close(),
    close: ({ force = false } = {}) =>
      inTurn(async () => {
        if (!store) return
        refuseRunning(force)
        await release()
        options.onSwitch(null)
      }),
  }
}
