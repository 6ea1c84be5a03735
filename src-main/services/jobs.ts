import type { jobsContract } from '@shared/contract/jobs'
import type { ServiceHandlers } from '@shared/contract/rpc'
import type { Queue } from '../jobs/queue'

/** @param queue the open project's queue, or that of work without a project. */
export const createJobsService = (queue: () => Queue): ServiceHandlers<typeof jobsContract> => ({
  list: ({ limit }) => ({ jobs: queue().list(limit) }),
  get: ({ job }) => queue().get(job),
  wait: ({ job }, { signal }) => queue().wait(job, signal),
  cancel: ({ job }) => queue().cancel(job),
  cancelAll: () => queue().cancelAll(),
  reorder: ({ jobs }) => queue().reorder(jobs),
})
