/** Worker processes that keep a model open for the frames of a video or a camera: see src-shared/contract/live.ts. */
import { randomUUID } from 'node:crypto'
import { TagwrightError } from '@shared/base/errors'
import type { LiveDetector, LiveFrame } from '@shared/contract/live'
import { client } from '@shared/contract/rpc'
import type { ModelSource } from '@shared/contract/runs'
import { type Thresholds } from '@shared/contract/inference'
import { workerContracts } from '@shared/contract/worker'
import { labelColor } from '@shared/domain/label'
import type { Provider } from '@shared/domain/recipe'
import { listLabels } from '../store/label'
import { needStore, type JobDeps } from './job-deps'
import { resolveModel } from './resolve-model'

interface Open {
  detect(image: Uint8Array, thresholds: Thresholds, signal?: AbortSignal): Promise<LiveFrame>
  close(reason: string): void
}

/** Without a picture for so long a detector is closed, ms. */
const patience = 120_000
/** A picture that takes longer has met a process that hangs, ms. */
const longest = 180_000
/** Each is a process with a model in memory. */
const most = 2
/** In the order of their opening; routes find them here by their random ids. */
const detectors = new Map<string, Open>()

/** @throws as `live.open`. */
export async function openLiveDetector(
  deps: Pick<JobDeps, 'store' | 'startWorker' | 'hub'>,
  { source, provider }: { source: ModelSource; provider: Provider },
): Promise<LiveDetector> {
  const model = resolveModel(deps, source)
  const known = deps.store() ? listLabels(needStore(deps).db) : []
  // Files have names of their own; a run's classes are the project's.
  const labels = model.run === null ? null : known.map(({ name, cocoId }) => ({ name, cocoId }))
  const process = deps.startWorker()
  const worker = client(workerContracts, process.wire).worker
  const id = randomUUID()
  let idle: NodeJS.Timeout | undefined
  let last: Promise<unknown> = Promise.resolve()
  const self: Open = {
    detect(image, thresholds, signal) {
      const answer = last.then(async () => {
        signal?.throwIfAborted()
        const hanging = setTimeout(() => self.close('the process did not answer'), longest)
        try {
          return await worker.detect({ image, ...thresholds })
        } finally {
          clearTimeout(hanging)
          wait()
        }
      })
      last = answer.catch(() => {})
      return answer
    },
    close(reason) {
      clearTimeout(idle)
      process.wire.close()
      // It ends by itself when its channel closes, unless native code hangs.
      const end = setTimeout(() => process.kill(), 3000)
      process.wire.onClose(() => clearTimeout(end))
      if (!detectors.delete(id)) return
      deps.hub.emit('live.closed', { detector: id, reason })
    },
  }
  const wait = () => {
    clearTimeout(idle)
    idle = setTimeout(() => self.close('no picture came for two minutes'), patience)
    idle.unref()
  }
  process.wire.onClose((reason) => {
    clearTimeout(idle)
    if (detectors.delete(id)) deps.hub.emit('live.closed', { detector: id, reason: reason ?? 'the process ended' })
  })
  try {
    const opened = await worker.openDetector({ model: model.ref, labels, provider })
    const colors = new Map(known.map(({ name, color }) => [name, color]))
    detectors.set(id, self)
    for (const old of [...detectors.values()].slice(0, -most)) old.close('another detector was opened')
    wait()
    const { skeletons, ...rest } = opened
    return {
      ...rest,
      detector: id,
      labels: opened.labels.map((name, i) => ({
        name,
        color: colors.get(name) ?? labelColor(i),
        ...(skeletons[i] && { points: skeletons[i].names, edges: skeletons[i].edges }),
      })),
    }
  } catch (error) {
    self.close('it could not be opened')
    throw error
  }
}

/** @throws `not-found` when it is closed, `image-unreadable`. */
export function detectLive(
  id: string,
  image: Uint8Array,
  thresholds: Thresholds,
  signal?: AbortSignal,
): Promise<LiveFrame> {
  const open = detectors.get(id)
  if (open) return open.detect(image, thresholds, signal)
  throw new TagwrightError('not-found', 'This detector is closed. Open the model again.')
}

export const closeLiveDetector = (id: string): void => detectors.get(id)?.close('it was closed')

/** Those of a project end with it; there is one project in a core. */
export function closeLiveDetectors(): void {
  for (const open of [...detectors.values()]) open.close('the project was closed')
}
