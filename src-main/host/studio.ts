/** The whole product over one project, or over none: services, queue, lock and endpoint. Hosts add their ports. */
import { join } from 'node:path'
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
import { curvesJob } from '../jobs/curves-job'
import { drawPlotsJob } from '../jobs/draw-run-plots'
import { estimateJob } from '../jobs/estimate-job'
import { evaluateJob } from '../jobs/evaluate-job'
import { exportDataJob } from '../jobs/export-data-job'
import { exportJob } from '../jobs/export-job'
import { findDuplicatesJob } from '../jobs/find-duplicates-job'
import { getWeightsJob } from '../jobs/get-weights-job'
import { importJob } from '../jobs/import-job'
import { importUploadJob } from '../jobs/import-upload-job'
import type { JobDeps } from '../jobs/job-deps'
import { lintJob } from '../jobs/lint-job'
import type { JobRows } from '../jobs/job-rows'
import { predictJob } from '../jobs/predict-job'
import { createQueue, type Queue } from '../jobs/queue'
import { relinkJob } from '../jobs/relink-job'
import { sampleJob } from '../jobs/sample-job'
import { previewJob } from '../jobs/preview-job'
import { reportJob } from '../jobs/report-job'
import { settleRun, trainJob } from '../jobs/train-job'
import { createAssistant } from '../jobs/assistant'
import { WeightsFolder } from '../jobs/weights-folder'
import { createAnnotationsService } from '../services/annotations'
import { createAssistService } from '../services/assist'
import { createAttributesService } from '../services/attributes'
import { createCurvesService } from '../services/curves'
import { createDatasetsService } from '../services/datasets'
import { createFilesService } from '../services/files'
import { createFolders } from '../services/folders'
import { createHistoryService } from '../services/history'
import { createJobsService } from '../services/jobs'
import { createLabelsService } from '../services/labels'
import { createLintService } from '../services/lint'
import { createLiveService, liveTask } from '../services/live'
import { createMediaService, mediaTask } from '../services/media'
import { createModelsService } from '../services/models'
import type { ProjectSwitch } from '../services/project-session'
import { createPredictionsService } from '../services/predictions'
import { createProjectService } from '../services/project'
import { createProjectsService } from '../services/projects'
import { createResultsService } from '../services/results'
import { createReviewService } from '../services/review'
import { createRunsService } from '../services/runs'
import { createSamplesService } from '../services/samples'
import { createSettingsService } from '../services/settings'
import { createStatisticsService } from '../services/statistics'
import { createSystemService } from '../services/system'
import { createSurgeryService } from '../services/surgery'
import { createTrainingService } from '../services/training'
import { createWeightsService } from '../services/weights'
import { createRecents } from '../store/recents'
import type { Store } from '../store/store'
import { listen, type Listener, type ListenOptions } from './listen'
import type { Ports } from './ports'
import { createProjectSlot, ProjectOwned, type ProjectSlot, type ProjectTask } from './project-slot'

export { ProjectOwned }

export interface Studio {
  readonly hub: Hub<StudioContracts>
  /** null: no project is open. */
  store(): Store | null
  queue(): Queue
  /** Takes the lock, opens the project and starts to listen. See project-slot.ts for what it throws. */
  open: ProjectSlot['open']
  /** Creates a project and opens it. Throws `project-exists`. */
  init: ProjectSlot['init']
  /** Closes the open project; the core goes on without one. Throws `jobs-running` unless forced. */
  release: ProjectSlot['close']
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
  let listening: Promise<Listener> | null = null
  const servers = new Map<Wire, Server>()

  const session: ProjectSwitch = {
    store() {
      const store = slot.store()
      if (store) return store
      throw new TagwrightError('no-project', 'No project is open. Name one: tagwright <command> <project>.')
    },
    init: (...given) => slot.init(...given),
    open: (...given) => slot.open(...given),
    close: (...given) => slot.close(...given),
  }
  const weights = new WeightsFolder(ports.folders.weights ?? join(ports.folders.projects, 'weights'))
  const deps: JobDeps = {
    store: () => slot.store(),
    startWorker: ports.startWorker,
    readThread: ports.readThread,
    hub,
    liveRuns: new Map(),
    weights,
    ...ports.workerLimits,
  }
  const kinds = [
    trainJob(deps),
    evaluateJob(deps),
    drawPlotsJob(deps),
    reportJob(deps),
    estimateJob(deps),
    previewJob(deps),
    findDuplicatesJob(deps),
    predictJob(deps),
    exportJob(deps),
    importJob(deps),
    importUploadJob(deps),
    relinkJob(deps),
    exportDataJob(deps),
    lintJob(deps),
    sampleJob(deps),
    getWeightsJob(deps, weights),
    curvesJob(deps),
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
  const recents = createRecents(ports.host === 'cli' ? null : ports.folders.config)
  const folders = createFolders({
    session,
    hub,
    folders: ports.folders,
    watches: ports.host !== 'cli',
    onError: (error) => onError(error, 'folder'),
  })
  /** Work beside an open project. A command lives for moments: it leaves thumbnails and hashes to a host that stays. */
  const assistant = createAssistant(deps)
  const tasks: ProjectTask[] = [
    mediaTask(hub, {
      background: ports.host !== 'cli',
      delay: ports.keeperDelay,
      isBusy: () => (deps.liveRuns?.size ?? 0) > 0,
    }),
    folders.task,
    liveTask,
    assistant.task,
  ]
  const slot = createProjectSlot({
    newQueue,
    startsQueuedJobs: ports.startsQueuedJobs,
    async endpoint() {
      const { port, token } = await studio.listen()
      return { url: `ws://127.0.0.1:${port}/rpc`, token }
    },
    tasks,
    onSwitch(store) {
      if (store) {
        store.events.on('project.changed', (payload) => hub.emit('project.changed', payload))
        const { name, task } = store.project
        try {
          recents.add({ folder: store.folder, name, task, openedAt: new Date().toISOString() })
        } catch (error) {
          onError(error, 'recent projects')
        }
        hub.emit('projects.recents', {})
      }
      hub.emit('projects.switched', { folder: store?.folder ?? null })
    },
  })
  const getQueue = slot.queue

  const handlers: Handlers<StudioContracts> = {
    system: createSystemService(deps, { ...ports, revealInFolder: ports.reveal !== null }),
    project: createProjectService(session),
    projects: createProjectsService({ ...deps, session, queue: getQueue, folders: ports.folders, recents }),
    files: createFilesService(ports.folders, ports.reveal),
    settings: createSettingsService(ports.folders, hub),
    labels: createLabelsService(session),
    samples: createSamplesService(session),
    annotations: createAnnotationsService(session),
    attributes: createAttributesService(session),
    statistics: createStatisticsService(session),
    lint: createLintService(deps, getQueue),
    datasets: createDatasetsService(session, getQueue),
    media: createMediaService(session, getQueue),
    folders: folders.service,
    history: createHistoryService(session),
    jobs: createJobsService(getQueue),
    runs: createRunsService(deps, getQueue),
    results: createResultsService(deps, getQueue),
    predictions: createPredictionsService(deps, getQueue),
    live: createLiveService(deps),
    assist: createAssistService(assistant),
    review: createReviewService(deps),
    training: createTrainingService(deps, getQueue),
    surgery: createSurgeryService(deps),
    models: createModelsService(deps),
    weights: createWeightsService(weights, hub, getQueue),
    curves: createCurvesService(deps, getQueue),
  }

  const studio: Studio = {
    hub,
    store: slot.store,
    queue: getQueue,
    open: slot.open,
    init: slot.init,
    release: slot.close,
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
      const attempt = (listening ??= listen(studio, ports, options))
      // After a failure, such as a port in use, another attempt is free.
      attempt.catch(() => {
        if (listening === attempt) listening = null
      })
      return attempt
    },
    async close() {
      await slot.stopJobs()
      const drained = Promise.all([...servers.values()].map((server) => server.drain()))
      await Promise.race([drained, sleep(drainTimeout, undefined, { ref: false })])
      await Promise.all([...servers.values()].map((server) => server.close()))
      for (const wire of servers.keys()) wire.close()
      await slot.close({ force: true })
      await (await listening)?.close()
    },
  }
  return studio
}
