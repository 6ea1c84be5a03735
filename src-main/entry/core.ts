/** The core of the Electron app: a utility process that owns the project. */
import { join } from 'node:path'
import { coreContracts } from '@shared/contract/core'
import { createHub, serve } from '@shared/contract/rpc'
import { version } from '../../package.json'
import { connectShell, type ParentPort } from '../host/shell/core-side'
import { coreFetch } from '../host/shell/core-fetch'
import { createStudio } from '../host/studio'
import { createRoutes } from '../host/web'
import { userFolders } from '../store/user-folders'

const { parentPort } = process as unknown as { parentPort?: ParentPort }
if (!parentPort) {
  console.error('This file is the core of Tagwright and is started by it; start "tagwright" instead.')
  process.exit(1)
}

const ui = join(import.meta.dirname, '../renderer')
const log = (level: string, message: string) => void process.stderr.write(`[${level}] ${message}\n`)
const side = connectShell(parentPort, (kind, wire, id) => {
  if (kind === 'window') studio.connect(wire, { id })
  else serve(coreContracts, { core: handlers }, wire, { hub, onError: (error) => log('error', String(error)) })
})
const studio = createStudio({
  host: 'electron',
  version,
  nativeDialogs: true,
  ui,
  readThread: join(import.meta.dirname, 'read-thread.js'),
  folders: userFolders(),
  reveal: side.reveal,
  startsQueuedJobs: true,
  startWorker: side.startWorker,
  log,
})
const hub = createHub(coreContracts)
studio.hub.on('projects.switched', ({ folder }) => hub.emit('core.project', { folder }))
const handlers = {
  fetch: coreFetch(createRoutes({ store: studio.store, version, ui })),
  open: async ({ folder }: { folder: string }) => void (await studio.open(folder)),
  busy: () => ({ jobs: studio.queue().busy ? studio.queue().list(1000).filter(({ finishedAt }) => !finishedAt).length : 0 }), // prettier-ignore
  close: () => studio.close(),
}
