import type { labelsContract } from '@shared/contract/labels'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { reorderLabels, resetColors, setHotkey } from '../store/arrange-labels'
import { addLabels, deleteLabel, mergeLabels, previewLabels, recolorLabel, renameLabel } from '../store/change-labels'
import { previewSkeleton, setSkeleton } from '../store/change-skeleton'
import { classFileName, printClasses, readClasses } from '../store/class-file'
import { labelHotkeys, labelUsage, listLabels } from '../store/label'
import { previewSplit, splitLabel } from '../store/split-label'
import type { ProjectSession } from './project-session'

export const createLabelsService = (session: ProjectSession): ServiceHandlers<typeof labelsContract> => ({
  list: () => {
    const { db } = session.store()
    const usage = labelUsage(db)
    const known = listLabels(db)
    const hotkeys = labelHotkeys(known)
    const labels = known.map(({ id, index, name, color, cocoId, gap, skeleton }) => {
      const { annotations, samples } = usage.get(id) ?? { annotations: 0, samples: 0 }
      return { id, index, name, color, cocoId, gap, skeleton, hotkey: hotkeys.get(id)!, annotations, samples }
    })
    return { labels }
  },
  add: ({ labels }) => ({ ids: addLabels(session.store(), labels) }),
  rename: ({ label, name }) => renameLabel(session.store(), label, name),
  recolor: ({ label, color }) => recolorLabel(session.store(), label, color),
  resetColors: ({ labels }) => resetColors(session.store(), labels),
  setHotkey: ({ label, hotkey, replace }) => setHotkey(session.store(), label, hotkey, replace),
  reorder: ({ order, unlock }) => reorderLabels(session.store(), order, unlock),
  preview: ({ labels }) => previewLabels(session.store().db, labels),
  merge: ({ from, into, gaps }) => ({ annotations: mergeLabels(session.store(), from, into, gaps) }),
  delete: ({ label, gaps }) => ({ annotations: deleteLabel(session.store(), label, gaps) }),
  previewSkeleton: ({ label, skeleton, sources }) => previewSkeleton(session.store().db, label, skeleton, sources),
  setSkeleton: ({ label, skeleton, sources }) => ({
    annotations: setSkeleton(session.store(), label, skeleton, sources),
  }),
  previewSplit: (choice) => previewSplit(session.store().db, choice),
  split: ({ into, ...choice }) => splitLabel(session.store(), choice, into),
  toFile: ({ format }) => ({ name: classFileName(format), text: printClasses(session.store().db, format) }),
  fromFile: ({ text, preview }) => readClasses(session.store(), text, preview),
})
