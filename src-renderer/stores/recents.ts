/** Projects opened lately, and the one way to open a project by its folder. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api } from '../client/api'
import { useNavigation } from './navigation'
import { useNotify } from './notify'
import { useSession } from './session'

export interface RecentProject {
  folder: string
  name: string
}

export const useRecents = defineStore('recents', () => {
  const session = useSession()
  const navigation = useNavigation()
  const notify = useNotify()
  const projects = ref<RecentProject[]>([])

  async function refresh(): Promise<void> {}
  /** Opens a project and goes to its images; answers whether it worked. */
  async function open(folder: string): Promise<boolean> {
    const project = await notify.attempt(() => api.project.open({ folder }))
    if (!project) return false
    await session.refresh()
    navigation.go('label')
    return true
  }
  return { projects, refresh, open }
})
