import type { projectContract, ProjectInfo } from '@shared/contract/project'
import { truthOf } from '@shared/catalog/tasks'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { countProject } from '../store/count'
import { listLabels } from '../store/label'
import { listImports, previewRemoval, removeImport } from '../store/remove-import'
import { listRuns } from '../store/run'
import type { Store } from '../store/store'
import type { ProjectSession } from './project-session'

export const createProjectService = (session: ProjectSession): ServiceHandlers<typeof projectContract> => ({
  init: async ({ folder, name, task }) => projectInfo(await session.init(folder, { name, task })),
  open: async ({ folder }) => projectInfo(await session.open(folder)),
  info: () => projectInfo(session.store()),
  rename: ({ name }) =>
    session.store().change(`Rename project to "${name}"`, (write) => write.update('project', 1, { name })),
  imports: () => ({ imports: listImports(session.store().db) }),
  previewRemoveImport: (input) => previewRemoval(session.store().db, input.import),
  removeImport: (input) => removeImport(session.store(), input.import),
})

/** Answered from indexes; see store/count.ts. */
export function projectInfo(store: Store): ProjectInfo {
  const { name, task, createdAt, revision } = store.project
  const counts = countProject(store.db)
  return {
    folder: store.folder,
    name,
    task,
    truth: truthOf(task),
    createdAt,
    revision,
    samples: {
      total: counts.samples,
      labelled: counts.labelled,
      reviewed: counts.reviewed,
      splits: counts.splits,
      states: counts.states,
    },
    annotations: { total: counts.annotations, shapes: counts.shapes },
    labels: listLabels(store.db).map((label) => ({
      id: label.id,
      index: label.index,
      name: label.name,
      gap: label.gap,
      annotations: counts.labels.get(label.id) ?? 0,
    })),
    runs: listRuns(store.db).length,
    imports: listImports(store.db).filter((batch) => batch.status === 'done').length,
  }
}
