/** Fills the open project with the harbour sample: paints the images, then imports them like any data set. */
import { join } from 'node:path'
import { z } from 'zod'
import { datasetsContract } from '@shared/contract/datasets'
import { generateHarbour } from '../sample/generate-harbour'
import { defineJob } from './define-job'
import { importDatasets } from './import-job'
import { needStore, type JobDeps } from './job-deps'

export const sampleJob = (deps: Pick<JobDeps, 'store'>) =>
  defineJob({
    kind: 'sample',
    lane: 'data',
    params: z.strictObject({ images: z.int().min(10), seed: z.int().min(0) }),
    async run({ images, seed }, context) {
      const store = needStore(deps)
      // Inside the project, so that it can be moved as a whole.
      const files = await generateHarbour({
        dir: join(store.folder, 'harbour'),
        images,
        seed,
        signal: context.signal,
        onProgress: (done, total) => context.report('painting', done, total),
      })
      const paths = Object.values(files.annotations)
      return importDatasets(store, datasetsContract.methods.import.input.parse({ paths, format: 'coco' }), context)
    },
  })
