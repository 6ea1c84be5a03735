/** Projects opened lately, and the one way to open, make and close projects. */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { toErrorShape } from '@shared/base/errors'
import type { RecentProject } from '@shared/contract/projects'
import type { TaskId } from '@shared/domain/task'
import { api, connection } from '../client/api'
import { translate } from '../locales'
import { useDialogs } from './dialogs'
import { useNavigation } from './navigation'
import { useNotify } from './notify'
import { useSession } from './session'

export const useRecents = defineStore('recents', () => {
  const session = useSession()
  const navigation = useNavigation()
  const notify = useNotify()
  const dialogs = useDialogs()
  const projects = ref<RecentProject[]>([])
  /** A project is being opened, made or closed. */
  const busy = ref(false)

  async function refresh(): Promise<void> {
    const answer = await notify.attempt(() => api.projects.recents())
    if (answer) projects.value = answer.recents
  }
  watch(
    () => connection.epoch,
    () => void refresh(),
    { immediate: connection.epoch > 0 },
  )
  api.projects.on('recents', () => void refresh())

  /**
   * Runs what leaves the open project. When jobs run in it, a person decides whether they are interrupted.
   * Answers undefined when it was not done; the error has been shown.
   */
  async function leave<T>(run: (force: boolean) => Promise<T>): Promise<T | undefined> {
    busy.value = true
    try {
      return await run(false)
    } catch (thrown) {
      const { code, message, details } = toErrorShape(thrown)
      if (code === 'jobs-running') {
        const goOn = await dialogs.confirm({
          title: translate('welcome.leave.title'),
          text: message,
          confirm: translate('welcome.leave.confirm'),
          danger: true,
        })
        return goOn ? await notify.attempt(() => run(true)) : undefined
      }
      const url = code === 'project-owned' && typeof details?.url === 'string' ? details.url : null
      if (url === null) notify.error(thrown)
      else notify.warning(message, { title: translate('welcome.otherWindow'), run: () => window.open(url, '_blank') })
      return undefined
    } finally {
      busy.value = false
    }
  }
  /** Opens a project by its folder or file and shows its images; answers whether it worked. */
  async function open(folder: string): Promise<boolean> {
    const go = navigation.later()
    const project = await leave((force) => api.projects.open({ folder, force }))
    if (!project) return false
    await session.refresh()
    go('label')
    return true
  }
  async function create(project: { folder: string; name: string; task: TaskId }): Promise<boolean> {
    const made = await leave((force) => api.projects.create({ ...project, force }))
    if (!made) return false
    await session.refresh()
    return true
  }
  /** Answers the job that fills the sample project, or null when there is nothing to fill. */
  async function openSample(): Promise<{ job: number | null } | undefined> {
    const answer = await leave((force) => api.projects.openSample({ force }))
    if (answer) await session.refresh()
    return answer
  }
  async function close(): Promise<void> {
    const closed = await leave(async (force) => {
      await api.projects.close({ force })
      return true
    })
    if (!closed) return
    await session.refresh()
    navigation.go('welcome')
  }
  async function forget(folder: string): Promise<void> {
    await notify.attempt(() => api.projects.forget({ folder }))
    await refresh()
  }
  return { projects, busy, refresh, leave, open, create, openSample, close, forget }
})
