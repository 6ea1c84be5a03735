/** Entry of a decode thread: gets the setup as worker data, answers one message per batch. */
import { parentPort, workerData } from 'node:worker_threads'
import { toErrorShape } from '@shared/base/errors'
import { createPipeline, type BatchJob, type PipelineSetup } from './pipeline'
import type { ThreadAnswer } from './batch-workers'

const port = parentPort
if (port) {
  const pipeline = createPipeline(workerData as PipelineSetup)
  port.on('message', ({ id, job }: { id: number; job: BatchJob }) => {
    pipeline.run(job).then(
      (result) => {
        const transfer = [result.images.buffer, result.targets.buffer, result.targetCounts.buffer]
        port.postMessage({ id, result } satisfies ThreadAnswer, transfer)
      },
      (error: unknown) => port.postMessage({ id, error: toErrorShape(error) } satisfies ThreadAnswer),
    )
  })
}
