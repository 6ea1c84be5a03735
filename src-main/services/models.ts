import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { models } from '@shared/catalog/models'
import type { modelsContract, NetworkSource } from '@shared/contract/models'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { callWorker } from '../jobs/call-worker'
import { needStore, type JobDeps } from '../jobs/job-deps'
import { serveFile } from '../media/served-files'
import { trimFolder } from '../media/trim-folder'
import { listLabels } from '../store/label'
import { findRun } from '../store/run'
import { sampleFile } from '../store/sample'

/** Kept of feature maps, which are looked at once: a layer of a large picture has some ten megabytes. */
const mostBytes = 256 * 2 ** 20

export function createModelsService(deps: JobDeps): ServiceHandlers<typeof modelsContract> {
  /** What a worker is asked to read. */
  function sourceFor(source: NetworkSource) {
    const store = deps.store()
    const classes = (store && listLabels(store.db).length) || 80
    switch (source.kind) {
      case 'file': {
        const file = resolve(source.file)
        if (existsSync(file)) return { kind: 'file' as const, file }
        throw new TagwrightError('not-found', `The model file ${file} does not exist. Check the path.`, { file })
      }
      case 'run': {
        const { folder, db } = needStore(deps)
        const { id, recipe } = findRun(db, source.run)
        return { kind: 'model' as const, recipe, classes, runDir: join(folder, 'runs', id) }
      }
      case 'catalog': {
        const { task } = models.get(source.id)
        return { kind: 'model' as const, recipe: { task, model: { id: source.id } }, classes, runDir: null }
      }
    }
  }
  return {
    async featureMaps({ source, sample, ...input }, { signal }) {
      const store = needStore(deps)
      const image = sampleFile(store.db, store.folder, sample)
      const folder = join(store.folder, 'cache', 'feature-maps')
      await mkdir(folder, { recursive: true })
      await trimFolder(folder, mostBytes)
      const out = join(folder, `${randomUUID()}.f32`)
      const maps = await callWorker({ ...deps, context: { signal, report: () => {}, log: () => {} } }, (worker, call) =>
        worker.featureMaps({ ...input, source: sourceFor(source), image, out }, call),
      )
      const { url } = serveFile({ path: out, mime: 'application/octet-stream', name: 'feature-maps.f32' })
      return { ...maps, url }
    },
    describe: ({ source, side }, { signal }) =>
      callWorker({ ...deps, context: { signal, report: () => {}, log: () => {} } }, (worker, call) =>
        worker.describeNetwork({ source: sourceFor(source), side }, call),
      ),
  }
}
