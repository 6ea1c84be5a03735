import type { ServiceHandlers } from '@shared/contract/rpc'
import type { SampleFilter, samplesContract } from '@shared/contract/samples'
import { assignSplits } from '../store/assign-splits'
import { getSample, listSamples, sampleIds } from '../store/sample'
import type { Store } from '../store/store'
import type { ProjectSession } from './project-session'

type Selection = { ids: number[] } | { filter: SampleFilter }
const selected = (store: Store, selection: Selection): number[] =>
  'ids' in selection ? selection.ids : sampleIds(store.db, selection.filter)

export const createSamplesService = (session: ProjectSession): ServiceHandlers<typeof samplesContract> => ({
  list: ({ filter, after, limit }) => listSamples(session.store().db, filter, { after, limit }),
  ids: ({ filter }) => ({ ids: sampleIds(session.store().db, filter) }),
  get: ({ sample }) => getSample(session.store().db, sample),
  setSplit: ({ samples, split }) => {
    const store = session.store()
    const ids = selected(store, samples)
    const reason = split === null ? 'Clear split' : `Set split to ${split}`
    return { changed: store.change(reason, (write) => write.set('sample', 'split', split, ids)) }
  },
  markReviewed: ({ samples, reviewed }) => {
    const store = session.store()
    const ids = selected(store, samples)
    const reason = reviewed ? 'Mark as reviewed' : 'Mark as not reviewed'
    return { changed: store.change(reason, (write) => write.set('sample', 'reviewed', reviewed ? 1 : 0, ids)) }
  },
  autoSplit: ({ shares, seed, which }) => assignSplits(session.store(), { ratios: shares, seed, which }),
})
