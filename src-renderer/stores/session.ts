/** The open project and what the host can do. Follows `project.changed` and every new connection. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { toErrorShape } from '@shared/base/errors'
import type { ProjectInfo } from '@shared/contract/project'
import { api, connection } from '../client/api'
import { latest } from '../client/latest'
import { useNotify } from './notify'

type Capabilities = Awaited<ReturnType<typeof api.system.capabilities>>

export const useSession = defineStore('session', () => {
  const capabilities = ref<Capabilities | null>(null)
  /** null: no project is open, or not known yet (see `ready`). */
  const project = ref<ProjectInfo | null>(null)
  const ready = ref(false)
  /** What is said about an image in this project: objects in it, its class, or the clean image beside it. */
  const truth = computed(() => project.value?.truth ?? 'objects')

  /** Many changes in a row cost one question at a time: an answer is never older than the last change. */
  const refresh = latest(async () => {
    // Both at once: every view waits for them.
    const [host, info] = await Promise.all([
      api.system.capabilities(),
      api.project.info().catch((error) => {
        if (toErrorShape(error).code === 'no-project') return null
        throw error
      }),
    ])
    capabilities.value = host
    project.value = info
    ready.value = true
  })
  /** A change of the open project says nothing new about the host. */
  const refreshProject = latest(async () => {
    if (project.value === null) return refresh()
    const info = await api.project.info()
    if (project.value?.folder === info.folder) project.value = info
    else await refresh()
  })
  const follow = () => void refresh().catch((error) => useNotify().error(error))
  watch(() => connection.epoch, follow, { immediate: connection.epoch > 0 })
  api.project.on('changed', () => void refreshProject().catch(() => follow()))
  api.projects.on('switched', follow)
  return { capabilities, project, truth, ready, refresh }
})
