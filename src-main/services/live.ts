import type { liveContract } from '@shared/contract/live'
import type { ServiceHandlers } from '@shared/contract/rpc'
import type { JobDeps } from '../jobs/job-deps'
import { closeLiveDetector, closeLiveDetectors, openLiveDetector } from '../jobs/live-detectors'

export const createLiveService = (deps: JobDeps): ServiceHandlers<typeof liveContract> => ({
  open: (input) => openLiveDetector(deps, input),
  close: ({ detector }) => closeLiveDetector(detector),
})

/** Ended with the open project. */
export const liveTask = { opened: (): void => {}, closing: closeLiveDetectors }
