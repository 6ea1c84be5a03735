/** The open project and what the host can do. Follows `project.changed` and every new connection. */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import type { ProjectInfo } from '@shared/contract/project'
import { api, connection } from '../client/api'

type Capabilities = Awaited<ReturnType<typeof api.system.capabilities>>

export const useSession = defineStore('session', () => {
  const capabilities = ref<Capabilities | null>(null)
  /** null: no project is open, or not known yet (see `ready`). */
  const project = ref<ProjectInfo | null>(null)
  const ready = ref(false)

  async function refresh(): Promise<void> {
    capabilities.value = await api.system.capabilities()
    project.value = capabilities.value.project === null ? null : await api.project.info()
    ready.value = true
  }
  watch(() => connection.epoch, refresh, { immediate: connection.epoch > 0 })
  api.project.on('changed', () => void refresh())
  return { capabilities, project, ready, refresh }
})
