/** The parts of the data view by name: what a person looks for is an export, not the view it is in. */
import { FolderInput, ListChecks, PackageOpen, PieChart, TrendingUp, Unlink } from '@lucide/vue'
import { defineAction } from '../../actions/action'
import { useNavigation } from '../../stores/navigation'
import { useSession } from '../../stores/session'

const hasProject = () => useSession().project !== null
/** Nothing is labelled on images that are to be cleaned. */
const hasLabels = () => hasProject() && useSession().truth !== 'image'
const open = (part: string, icon: typeof PackageOpen, keys: readonly string[] = [], when = hasProject) =>
  defineAction({
    id: `data.${part}`,
    title: `data.actions.${part}`,
    group: 'app.group.file',
    menu: 'file',
    icon,
    keys,
    when,
    run: () => useNavigation().go('data', { part }),
  })

export default [
  open('export', PackageOpen, ['$mod+Shift+e']),
  open('imports', FolderInput),
  open('splits', PieChart),
  open('lint', ListChecks),
  open('missing', Unlink),
  open('gains', TrendingUp, [], hasLabels),
]
