import type { labelsContract } from '@shared/contract/labels'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { addLabels, deleteLabel, mergeLabels, previewLabels, recolorLabel, renameLabel } from '../store/change-labels'
import { labelUsage, listLabels } from '../store/label'
import type { ProjectSession } from './project-session'

export const createLabelsService = (session: ProjectSession): ServiceHandlers<typeof labelsContract> => ({
  list: () => {
    const { db } = session.store()
    const usage = labelUsage(db)
    const labels = listLabels(db).map(({ id, index, name, color, cocoId, gap, skeleton }) => {
      const { annotations, samples } = usage.get(id) ?? { annotations: 0, samples: 0 }
      return { id, index, name, color, cocoId, gap, skeleton, annotations, samples }
    })
    return { labels }
  },
  add: ({ labels }) => ({ ids: addLabels(session.store(), labels) }),
  rename: ({ label, name }) => renameLabel(session.store(), label, name),
  recolor: ({ label, color }) => recolorLabel(session.store(), label, color),
  preview: ({ labels }) => previewLabels(session.store().db, labels),
  merge: ({ from, into, gaps }) => ({ annotations: mergeLabels(session.store(), from, into, gaps) }),
  delete: ({ label, gaps }) => ({ annotations: deleteLabel(session.store(), label, gaps) }),
})
