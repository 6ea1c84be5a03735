import { History, Keyboard, Moon, Redo2, Search, Undo2 } from '@lucide/vue'
import { views } from '../app/views'
import { useFrame } from '../stores/frame'
import { useHistory } from '../stores/history'
import { useJobs } from '../stores/jobs'
import { useNavigation } from '../stores/navigation'
import { useSession } from '../stores/session'
import { useSettings } from '../stores/settings'
import { defineAction } from './action'

const hasProject = () => useSession().project !== null

export default [
  defineAction({
    id: 'edit.undo',
    title: 'app.undo',
    group: 'app.group.edit',
    keys: ['$mod+z'],
    icon: Undo2,
    menu: 'edit',
    repeat: true,
    when: () => useHistory().undoId !== null,
    keysWhen: hasProject,
    run: () => useHistory().undo(),
  }),
  defineAction({
    id: 'edit.redo',
    title: 'app.redo',
    group: 'app.group.edit',
    keys: ['$mod+Shift+z', '$mod+y'],
    icon: Redo2,
    menu: 'edit',
    repeat: true,
    when: () => useHistory().redoId !== null,
    keysWhen: hasProject,
    run: () => useHistory().redo(),
  }),
  defineAction({
    id: 'edit.history',
    title: 'history.title',
    group: 'app.group.edit',
    keys: ['$mod+Shift+y'],
    icon: History,
    menu: 'edit',
    when: hasProject,
    run: () => void (useFrame().history = !useFrame().history),
  }),
  defineAction({
    id: 'help.palette',
    title: 'app.palette.title',
    group: 'app.group.help',
    keys: ['$mod+k', '$mod+Shift+p'],
    icon: Search,
    menu: 'help',
    inText: true,
    run: () => void (useFrame().palette = !useFrame().palette),
  }),
  defineAction({
    id: 'help.shortcuts',
    title: 'app.shortcuts.title',
    group: 'app.group.help',
    keys: ['[Shift]+?', 'F1'],
    icon: Keyboard,
    menu: 'help',
    run: () => void (useFrame().shortcuts = true),
  }),
  defineAction({
    id: 'view.theme',
    title: 'app.theme.switch',
    group: 'app.group.view',
    icon: Moon,
    menu: 'view',
    run() {
      const settings = useSettings()
      settings.values.theme = settings.dark ? 'light' : 'dark'
    },
  }),
  defineAction({
    id: 'view.language',
    title: 'app.switchLanguage',
    group: 'app.group.view',
    menu: 'view',
    run() {
      const settings = useSettings()
      settings.values.language = settings.language === 'en' ? 'zh' : 'en'
    },
  }),
  defineAction({
    id: 'run.cancelAll',
    title: 'app.jobs.cancelAll',
    group: 'app.group.jobs',
    menu: 'run',
    when: () => useJobs().active.length > 0,
    run: () => useJobs().cancelAll(),
  }),
  defineAction({
    id: 'run.jobs',
    title: 'app.jobs.title',
    group: 'app.group.jobs',
    menu: 'run',
    run: () => void (useFrame().jobs = true),
  }),
  ...views.map((view, index) =>
    defineAction({
      id: `view.${view.id}`,
      title: view.title,
      group: 'app.group.goTo',
      icon: view.icon,
      menu: 'view',
      // Digits alone pick labels.
      keys: index < 9 ? [`Alt+Digit${index + 1}`] : [],
      when: () => !view.needsProject || hasProject(),
      run: () => useNavigation().go(view.id),
    }),
  ),
]
