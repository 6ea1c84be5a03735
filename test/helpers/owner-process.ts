/** Opens the project given, trains slowly with the fake worker and prints "training" when the first epoch is done. */
import { connectProject } from '../../src-main/host/connect'
import { forkWorker } from '../../src-main/host/fork-worker'
import { behaviour } from './fake-worker'
import { testPorts } from './test-ports'

const [project, worker] = process.argv.slice(2)
const core = await connectProject(testPorts({ startWorker: () => forkWorker(worker) }), project)
core.api.runs.on('changed', () => {
  void core.api.runs.get({ run: 'latest' }).then(({ last }) => {
    if (last) process.send!('training')
  })
})
await core.api.runs.start({ recipe: { seed: behaviour.slow }, name: 'long' })
process.on('message', () => void core.api.runs.cancel({ run: 'long' }))
await core.close()
process.exit(0)
