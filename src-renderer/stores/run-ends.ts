/**
 * Tells when a run ends, wherever one is: a message in the window, and one of the system when the window is not looked
 * at. Runs that ended while the window was closed are not news.
 */
import { defineStore } from 'pinia'
import { i18n } from '../locales'
import { api } from '../client/api'
import { useNavigation } from './navigation'
import { scoreText } from '../ui/score-text'
import { useNotify } from './notify'

const told = ['done', 'failed', 'interrupted'] as const
type Told = (typeof told)[number]

/** Asks the browser once whether the system may tell; call it from a click. The desktop application needs no question. */
export function askToNotify(): void {
  if ('Notification' in window && Notification.permission === 'default') void Notification.requestPermission()
}

export const useRunEnds = defineStore('runEnds', () => {
  const navigation = useNavigation()
  const notify = useNotify()
  const { t } = i18n.global
  /** Runs that were seen running. */
  const running = new Set<string>()

  async function look(id: string): Promise<void> {
    const run = (await api.runs.list()).runs.find((one) => one.id === id)
    if (!run || run.status === 'running') {
      if (run) running.add(id)
      return
    }
    if (!running.delete(id) || !told.includes(run.status as Told)) return
    const score = run.best ? scoreText(run.best, 1) : t('runs.ended.unscored')
    const text = t(`runs.ended.${run.status}`, { name: run.name, score })
    const open = () => navigation.go('runs', { run: id, tab: run.status === 'done' ? 'results' : 'curves' })
    // A failure is told with its reason by the job.
    if (run.status === 'done') notify.success(text, { title: t('runs.showResults'), run: open })
    else if (run.status === 'interrupted') notify.warning(text, { title: t('runs.showRun'), run: open })
    if (document.visibilityState === 'visible' && document.hasFocus()) return
    if (!('Notification' in window) || Notification.permission !== 'granted') return
    // One message for a run, also with several windows.
    const message = new Notification('Tagwright', { body: text, tag: `run ${id}` })
    message.onclick = () => {
      window.focus()
      open()
      message.close()
    }
  }
  api.runs.on('changed', ({ run }) => void notify.attempt(() => look(run)))
  api.runs.on('live', ({ run }) => running.add(run))
  return {}
})
