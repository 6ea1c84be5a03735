/** Entry of a decode thread: gets the setup as worker data, answers one message per batch. */
import { parentPort, workerData } from 'node:worker_threads'
import { toErrorShape } from '@shared/base/errors'
import { cropBatchKind } from '../tasks/denoise/make-crops'
import type { BatchKind, ThreadAnswer, ThreadSetup } from './batch-workers'
import { pictureBatches } from './pipeline'

/** What batches a thread can make. */
const kinds: readonly BatchKind<never, never, unknown>[] = [pictureBatches, cropBatchKind]

const port = parentPort
if (port) {
  const { kind: id, setup } = workerData as ThreadSetup
  const kind = kinds.find((one) => one.id === id)
  if (!kind) throw new Error(`there are no batches of the kind "${id}"`)
  const maker = kind.create(setup as never)
  port.on('message', ({ id: job, job: work }: { id: number; job: unknown }) => {
    maker.run(work as never).then(
      (result) => port.postMessage({ id: job, result } satisfies ThreadAnswer, kind.moved(result)),
      (error: unknown) => port.postMessage({ id: job, error: toErrorShape(error) } satisfies ThreadAnswer),
    )
  })
}
