/** The browser host on its own: `node out/main/server.js [project]`, PORT and HOST from the environment. */
import { join, resolve } from 'node:path'
import { toErrorShape } from '@shared/base/errors'
import { version } from '../../package.json'
import { forkWorker } from '../host/fork-worker'
import { systemReveal } from '../host/reveal'
import { createStudio } from '../host/studio'
import { userFolders } from '../store/user-folders'

const studio = createStudio({
  host: 'browser',
  version,
  nativeDialogs: false,
  ui: join(import.meta.dirname, '../renderer'),
  readThread: join(import.meta.dirname, 'read-thread.js'),
  folders: userFolders(),
  reveal: systemReveal(),
  startsQueuedJobs: true,
  startWorker: () => forkWorker(join(import.meta.dirname, 'worker.js')),
  log: (level, message) => void process.stderr.write(`[${level}] ${message}\n`),
})
const end = (code: number) => void studio.close().finally(() => process.exit(code))
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => end(0))

try {
  const { HOST: hostname = '127.0.0.1', PORT = '0' } = process.env
  const { url } = await studio.listen({ hostname, port: Number(PORT) })
  const [project] = process.argv.slice(2)
  if (project !== undefined) await studio.open(resolve(project))
  console.log(url)
} catch (error) {
  console.error(`Error: ${toErrorShape(error).message}`)
  end(1)
}
