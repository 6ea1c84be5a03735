import { weightsContract, type Weights } from '@shared/contract/weights'
import { defineJob } from './define-job'
import type { JobDeps } from './job-deps'
import type { WeightsFolder } from './weights-folder'

/** Fetches published start weights. */
export const getWeightsJob = ({ hub }: Pick<JobDeps, 'hub'>, weights: WeightsFolder) =>
  defineJob({
    kind: 'get-weights',
    lane: 'download',
    params: weightsContract.methods.get.input,
    async run({ name }, { signal, report }): Promise<Weights> {
      try {
        return await weights.get(name, { signal, onProgress: (done, total) => report('downloading', done, total) })
      } finally {
        hub.emit('weights.changed', {})
      }
    },
  })
