import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { StudioContracts } from '@shared/contract'
import type { projectsContract } from '@shared/contract/projects'
import type { Hub, ServiceHandlers } from '@shared/contract/rpc'
import type { Queue } from '../jobs/queue'
import { countProject } from '../store/count'
import type { Recents } from '../store/recents'
import { projectFileName, type Store } from '../store/store'
import type { UserFolders } from '../store/user-folders'
import { projectInfo } from './project'
import type { ProjectSwitch } from './project-session'

export interface ProjectsDeps {
  store(): Store | null
  session: ProjectSwitch
  queue: () => Queue
  hub: Pick<Hub<StudioContracts>, 'emit'>
  folders: UserFolders
  recents: Recents
}

export function createProjectsService(deps: ProjectsDeps): ServiceHandlers<typeof projectsContract> {
  const { store, session, queue, hub, folders, recents } = deps
  return {
    current() {
      const open = store()
      return { project: open && projectInfo(open) }
    },
    recents() {
      const open = store()
      // The open project may have been renamed since it was noted.
      const current = (folder: string) => (open?.folder === folder ? { name: open.project.name } : {})
      return { recents: recents.list().map((entry) => ({ ...entry, ...current(entry.folder) })) }
    },
    forget({ folder }) {
      recents.remove(folder)
      hub.emit('projects.recents', {})
    },
    open: async ({ folder, force }) => projectInfo(await session.open(folder, { replace: true, force })),
    create: async ({ folder, name, task, force }) =>
      projectInfo(await session.init(folder, { name, task }, { replace: true, force })),
    close: ({ force }) => session.close({ force }),
    suggestFolder: ({ name }) => ({ folder: freeFolder(folders.projects, folderName(name)) }),
    async openSample({ folder: given, images, seed, force }) {
      const folder = resolve(given ?? join(folders.projects, 'Harbour'))
      const options = { replace: true, force }
      const open = existsSync(join(folder, projectFileName))
        ? await session.open(folder, options)
        : await session.init(folder, { name: 'Harbour', task: 'detect' }, options)
      // A sample whose painting was interrupted is painted again.
      const job = countProject(open.db).samples > 0 ? null : queue().add('sample', { images, seed }).id
      return { project: projectInfo(open), job }
    },
  }
}

/** Characters that some system forbids in names become dashes; names that Windows keeps for devices get one in front. */
export function folderName(name: string): string {
  const clean = name
    // eslint-disable-next-line no-control-regex
    .replace(/[\\/:*?"<>|\u0000-\u001f]+/g, '-')
    .replace(/^[\s.]+|[\s.]+$/g, '')
    .slice(0, 100)
  if (clean === '') return 'Project'
  return /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(clean) ? `-${clean}` : clean
}

function freeFolder(parent: string, name: string): string {
  let folder = join(parent, name)
  for (let i = 2; existsSync(folder); i++) folder = join(parent, `${name} ${i}`)
  return folder
}
