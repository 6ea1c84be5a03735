import type { Statistics, statisticsContract } from '@shared/contract/statistics'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { countKeypoints, countStatistics } from '../store/statistics'
import type { Store } from '../store/store'
import type { ProjectSession } from './project-session'

export function createStatisticsService(session: ProjectSession): ServiceHandlers<typeof statisticsContract> {
  /** The last answer, for as long as nothing changes. */
  const last = new WeakMap<Store, { key: string; result: Promise<Statistics> }>()
  return {
    get({ filter }) {
      const store = session.store()
      const key = `${store.project.revision} ${JSON.stringify(filter)}`
      const known = last.get(store)
      if (known?.key === key) return known.result
      // Not cancelled with the call: a second caller may wait for the same count.
      const result = countStatistics(store.db, filter)
      last.set(store, { key, result })
      result.catch(() => last.delete(store))
      return result
    },
    keypoints: async ({ filter }, { signal }) => ({
      labels: await countKeypoints(session.store().db, filter, signal),
    }),
  }
}
