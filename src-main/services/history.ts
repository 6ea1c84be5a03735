import type { historyContract } from '@shared/contract/history'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { parseReason } from '@shared/domain/reason'
import type { HistorySummary } from '../store/history'
import type { ProjectSession } from './project-session'

const toContract = ({ id, at, reason, done, rows }: HistorySummary) => ({
  id,
  at,
  reason,
  ...parseReason(reason),
  done,
  rows,
})

export const createHistoryService = (session: ProjectSession): ServiceHandlers<typeof historyContract> => {
  const step = (direction: 'undo' | 'redo', skipChanged: boolean) => {
    const store = session.store()
    const outcome = store[direction]({ skipChanged })
    if (!outcome) return { entry: null, revision: store.project.revision, skipped: [] }
    const entry = { ...toContract(outcome.entry), done: direction === 'redo' }
    return { entry, revision: outcome.revision, skipped: outcome.skipped }
  }
  return {
    undo: ({ skipChanged }) => step('undo', skipChanged),
    redo: ({ skipChanged }) => step('redo', skipChanged),
    list: ({ limit, before }) => {
      const { entries, undo, redo } = session.store().history(limit, before)
      return { entries: entries.map(toContract), undo, redo }
    },
  }
}
