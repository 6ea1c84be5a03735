import type { ServiceHandlers } from '@shared/contract/rpc'
import type { SampleFilter, samplesContract } from '@shared/contract/samples'
import { assignSplits } from '../store/assign-splits'
import {
  findDuplicates,
  listTags,
  previewSampleRemoval,
  removeSamples,
  renameTag,
  selectedSamples,
  setTags,
} from '../store/change-samples'
import { listPredictionSources } from '../store/prediction'
import { countSamples, getSample, getSamples, listSamples } from '../store/sample'
import { findNeighbour, orderedSampleIds } from '../store/sample-order'
import { listScoreKinds } from '../store/sample-score'
import type { ProjectSession } from './project-session'

const wanted: Record<'any' | 'unlabelled' | 'unreviewed', SampleFilter> = {
  any: {},
  unlabelled: { empty: true, reviewed: false },
  unreviewed: { reviewed: false },
}

export const createSamplesService = (session: ProjectSession): ServiceHandlers<typeof samplesContract> => ({
  list: ({ filter, after, limit }) => listSamples(session.store().db, filter, { after, limit }),
  ids: (order) => {
    const store = session.store()
    return { ids: orderedSampleIds(store.db, order), revision: store.project.revision }
  },
  count: ({ filter }) => ({ total: countSamples(session.store().db, filter) }),
  get: ({ sample }) => getSample(session.store().db, sample),
  getMany: ({ samples }) => ({ samples: getSamples(session.store().db, samples) }),
  neighbour: ({ sample, direction, want, wrap, ...order }) =>
    findNeighbour(session.store().db, sample, direction === 'next' ? 1 : -1, wanted[want], wrap, order),
  setSplit: ({ samples, split }) => {
    const store = session.store()
    const ids = selectedSamples(store.db, samples)
    const reason = split === null ? 'Clear split' : `Set split to ${split}`
    return { changed: store.change(reason, (write) => write.set('sample', 'split', split, ids)) }
  },
  markReviewed: ({ samples, reviewed }) => {
    const store = session.store()
    const ids = selectedSamples(store.db, samples)
    const reason = reviewed ? 'Mark as reviewed' : 'Mark as not reviewed'
    return { changed: store.change(reason, (write) => write.set('sample', 'reviewed', reviewed ? 1 : 0, ids)) }
  },
  tags: () => ({ tags: listTags(session.store().db) }),
  setTags: ({ samples, add, remove }) => ({ changed: setTags(session.store(), samples, { add, remove }) }),
  renameTag: ({ from, to }) => ({ changed: renameTag(session.store(), from, to) }),
  previewRemove: ({ samples }) => previewSampleRemoval(session.store().db, samples),
  remove: ({ samples }) => removeSamples(session.store(), samples),
  duplicates: ({ limit, offset }) => findDuplicates(session.store().db, limit, offset),
  scores: () => {
    const { db } = session.store()
    return { predictions: listPredictionSources(db), kinds: listScoreKinds(db) }
  },
  autoSplit: ({ shares, seed, which }) => assignSplits(session.store(), { ratios: shares, seed, which }),
})
