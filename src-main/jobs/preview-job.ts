import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { trainingContract } from '@shared/contract/training'
import { parseRecipe } from '@shared/domain/recipe'
import { serveFile } from '../media/served-files'
import { isUndivided } from '../store/assign-splits'
import { writeSnapshot } from '../store/write-snapshot'
import { callWorker } from './call-worker'
import { defineJob } from './define-job'
import { needStore, type JobDeps } from './job-deps'

/** Pictures of augmented training batches, in the project's cache. */
export const previewJob = (deps: JobDeps) =>
  defineJob({
    kind: 'preview',
    lane: 'worker',
    params: trainingContract.methods.preview.input,
    async run({ recipe, batches, batch }, context) {
      const store = needStore(deps)
      const cache = join(store.folder, 'cache', 'previews')
      const id = randomUUID()
      const snapshot = join(cache, `${id}.jsonl.gz`)
      try {
        // Before the first training divides them, any image may be one that is learned from.
        const splits = isUndivided(store) ? [] : parseRecipe(recipe).data.trainSplits
        await writeSnapshot(store, { splits, file: snapshot, signal: context.signal })
        const { images } = await callWorker({ ...deps, context }, (worker, call) =>
          worker.preview({ recipe, snapshot, out: join(cache, id), batches, batch }, call),
        )
        return {
          images: images.map(({ file, width, height }, i) => ({
            url: serveFile({ path: file, mime: imageMime(file), name: `train_batch${i}${extname(file)}` }).url,
            width,
            height,
          })),
        }
      } finally {
        await rm(snapshot, { force: true })
      }
    },
  })

const imageMime = (file: string): string => (extname(file) === '.png' ? 'image/png' : 'image/jpeg')
