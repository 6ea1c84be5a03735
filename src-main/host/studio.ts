/** The whole product over one project, or over none: services, queue, lock and endpoint. Hosts add their ports. */
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TagwrightError } from '@shared/base/errors'
import { contracts, type StudioContracts } from '@shared/contract'
import {
  client,
  createHub,
  serve,
  type Caller,
  type Client,
  type Handlers,
  type Hub,
  type Server,
  type Wire,
} from '@shared/contract/rpc'
import { memoryWires } from '@shared/contract/wires/memory'
import type { JobDefinition } from '../jobs/define-job'
import { evaluateJob } from '../jobs/evaluate-job'
import { exportDataJob } from '../jobs/export-data-job'
import { exportJob } from '../jobs/export-job'
import { importJob } from '../jobs/import-job'
import type { JobDeps } from '../jobs/job-deps'
import { memoryJobRows, storeJobRows, type JobRows } from '../jobs/job-rows'
import { predictJob } from '../jobs/predict-job'
import { createQueue, type Queue } from '../jobs/queue'
import { settleRun, trainJob } from '../jobs/train-job'
import { createAnnotationsService } from '../services/annotations'
import { createDatasetsService } from '../services/datasets'
import { createHistoryService } from '../services/history'
import { createJobsService } from '../services/jobs'
import { createLabelsService } from '../services/labels'
import type { ProjectSession } from '../services/project-session'
import { createProjectService } from '../services/project'
import { createRunsService } from '../services/runs'
import { createSamplesService } from '../services/samples'
import { createSystemService } from '../services/system'
import { interruptRunning } from '../store/job'
import { initStore, openStore, projectFileName, projectFolder, type Store } from '../store/store'
import { listen, type Listener, type ListenOptions } from './listen'
import { acquireLock, type Endpoint, type Lock, type Owner } from './lock'
import type { Ports } from './ports'

/** Another process owns the project: attach to it. */
export class ProjectOwned extends TagwrightError {
  readonly owner: Owner & { endpoint: Endpoint }

  constructor(folder: string, owner: Owner & { endpoint: Endpoint }) {
    super(
      'project-owned',
      `The project in ${folder} is open in process ${owner.pid}. Attach to it, or close it there.`,
      {
        folder,
        pid: owner.pid,
      },
    )
    this.owner = owner
  }
}

export interface Studio {
  readonly hub: Hub<StudioContracts>
  /** null: no project is open. */
  store(): Store | null
  queue(): Queue
  /** Takes the lock, opens the project and starts to listen. Throws {@link ProjectOwned} and what openStore throws. */
  open(folder: string): Promise<Store>
  /** Creates a project and opens it. Throws `project-exists`. */
  init(folder: string, project: { name?: string; task?: string }): Promise<Store>
  /** Answers a client at the other end of the wire. */
  connect(wire: Wire, caller: Caller): void
  /** A client inside this process. */
  client(): Client<StudioContracts>
  /** Starts the web host; the first call's options count. */
  listen(options?: ListenOptions): Promise<Listener>
  /** Ends jobs (they become `interrupted`), answers what was asked, closes the project and releases its lock. */
  close(): Promise<void>
}

/** How long calls that run may take when the core closes, ms; then they see their signal abort. */
const drainTimeout = 5000

export function createStudio(ports: Ports): Studio {
  const onError = (error: unknown, where = 'event') =>
    ports.log('error', `${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  const hub = createHub(contracts, onError)
  let store: Store | null = null
  let lock: Lock | null = null
  let listening: Promise<Listener> | null = null
  const servers = new Map<Wire, Server>()

  const session: ProjectSession = {
    store() {
      if (store) return store
      throw new TagwrightError('no-project', 'No project is open. Name one: tagwright <command> <project>.')
    },
    init: (folder, project) => studio.init(folder, project),
    open: (folder) => studio.open(folder),
  }
  const deps: JobDeps = { store: () => store, startWorker: ports.startWorker, hub, ...ports.workerLimits }
  const kinds = [
    trainJob(deps),
    evaluateJob(deps),
    predictJob(deps),
    exportJob(deps),
    importJob(deps),
    exportDataJob(deps),
  ] as unknown as JobDefinition[]
  const newQueue = (rows: JobRows) =>
    createQueue({
      rows,
      kinds,
      events: {
        changed(job) {
          settleRun(deps, job)
          hub.emit('jobs.changed', { job })
        },
        progress: (progress) => hub.emit('jobs.progress', progress),
        log: (entry) => hub.emit('jobs.log', entry),
      },
    })
  let queue = newQueue(memoryJobRows())
  const getQueue = () => queue

  const handlers: Handlers<StudioContracts> = {
    system: createSystemService(deps, ports),
    project: createProjectService(session),
    labels: createLabelsService(session),
    samples: createSamplesService(session),
    annotations: createAnnotationsService(session),
    datasets: createDatasetsService(session, getQueue),
    history: createHistoryService(session),
    jobs: createJobsService(getQueue),
    runs: createRunsService(deps, getQueue),
  }

  const take = async (folder: string, openOrInit: () => Store): Promise<Store> => {
    if (store) {
      throw new TagwrightError('project-open', `The project in ${store.folder} is open here already. Close it first.`, {
        folder: store.folder,
      })
    }
    const result = await acquireLock(folder)
    if ('owner' in result) throw new ProjectOwned(folder, result.owner)
    lock = result.lock
    try {
      store = openOrInit()
      store.events.on('project.changed', (payload) => hub.emit('project.changed', payload))
      interruptRunning(store.db)
      await queue.close()
      queue = newQueue(storeJobRows(store.db))
      queue.recover({ start: ports.startsQueuedJobs })
      const { port, token } = await studio.listen()
      lock.setEndpoint({ url: `ws://127.0.0.1:${port}/rpc`, token })
      return store
    } catch (error) {
      store?.close()
      store = null
      lock.release()
      lock = null
      throw error
    }
  }

  const studio: Studio = {
    hub,
    store: () => store,
    queue: getQueue,
    async open(path) {
      const folder = projectFolder(path)
      // Before the lock, so that a wrong path does not leave a lock file behind.
      if (!existsSync(join(folder, projectFileName))) return openStore(folder)
      return take(folder, () => openStore(folder))
    },
    async init(path, project) {
      const folder = resolve(path)
      mkdirSync(folder, { recursive: true })
      return take(folder, () => initStore(folder, project))
    },
    connect(wire, caller) {
      const server = serve(contracts, handlers, wire, { hub, client: caller, onError })
      servers.set(wire, server)
      wire.onClose(() => servers.delete(wire))
    },
    client() {
      const [near, far] = memoryWires()
      studio.connect(far, { id: 'local' })
      return client(contracts, near)
    },
    listen(options) {
      listening ??= listen(studio, ports, options)
      return listening
    },
    async close() {
      await queue.close()
      const drained = Promise.all([...servers.values()].map((server) => server.drain()))
      await Promise.race([drained, sleep(drainTimeout, undefined, { ref: false })])
      await Promise.all([...servers.values()].map((server) => server.close()))
      for (const wire of servers.keys()) wire.close()
      store?.close()
      store = null
      lock?.release()
      lock = null
      await (await listening)?.close()
    },
  }
  return studio
}
