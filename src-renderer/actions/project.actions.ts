import { FolderInput, FolderOpen, FolderPlus, HardDriveDownload, Images } from '@lucide/vue'
import { api } from '../client/api'
import { translate } from '../locales'
import { useDialogs } from '../stores/dialogs'
import { useImporting } from '../stores/importing'
import { useJobs } from '../stores/jobs'
import { useNavigation } from '../stores/navigation'
import { usePicker } from '../stores/picker'
import { useRecents } from '../stores/recents'
import { useSession } from '../stores/session'
import { defineAction } from './action'

const hasProject = () => useSession().project !== null
const group = 'app.group.file'

/** A project of a person's own, asked for by the wizard; nothing is imported yet. */
function newProject(): void {
  const importing = useImporting()
  importing.close()
  importing.wizard = true
}
async function openProject(): Promise<void> {
  const [folder] = await usePicker().pick({ kind: 'folder', title: translate('welcome.pick.project') })
  if (folder) await useRecents().open(folder)
}
/** LabelImg's way: a folder of images with the annotations beside them. */
async function openFolder(): Promise<void> {
  const [path] = await usePicker().pick({ kind: 'folder', title: translate('welcome.pick.images') })
  if (!path) return
  const go = useNavigation().later()
  const opened = await useRecents().leave(() => api.folders.open({ path }))
  if (!opened) return
  await useSession().refresh()
  go('label', opened.sample === null ? {} : { sample: opened.sample })
}
async function openSample(): Promise<void> {
  const go = useNavigation().later()
  const opened = await useRecents().openSample()
  if (!opened) return
  go('label')
  if (opened.job === null) return
  await useJobs().result(opened.job)
}
async function rename(): Promise<void> {
  const project = useSession().project!
  const name = await useDialogs().prompt({
    title: translate('welcome.rename.title'),
    confirm: translate('welcome.rename.confirm'),
    input: { label: translate('welcome.wizard.name'), value: project.name },
  })
  if (name !== null && name !== project.name) await api.project.rename({ name })
}

export default [
  defineAction({
    id: 'project.new',
    title: 'welcome.new',
    group,
    keys: ['$mod+Alt+n'],
    icon: FolderPlus,
    menu: 'file',
    run: newProject,
  }),
  defineAction({
    id: 'project.open',
    title: 'welcome.open',
    group,
    keys: ['$mod+o'],
    icon: FolderOpen,
    menu: 'file',
    run: openProject,
  }),
  defineAction({
    id: 'project.openFolder',
    title: 'welcome.openFolder',
    group,
    keys: ['$mod+u'],
    icon: Images,
    menu: 'file',
    run: openFolder,
  }),
  defineAction({
    id: 'project.sample',
    title: 'welcome.sample',
    group,
    icon: HardDriveDownload,
    menu: 'file',
    run: openSample,
  }),
  defineAction({
    id: 'project.import',
    title: 'import.action',
    group,
    keys: ['$mod+i'],
    icon: FolderInput,
    menu: 'file',
    when: hasProject,
    run: () => useImporting().start(),
  }),
  defineAction({
    id: 'project.rename',
    title: 'welcome.rename.title',
    group,
    menu: 'file',
    when: hasProject,
    run: rename,
  }),
  defineAction({
    id: 'project.close',
    title: 'welcome.closeProject',
    group,
    menu: 'file',
    when: hasProject,
    run: () => useRecents().close(),
  }),
]
