/** Classes of the open project, in index order, in step with every window. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { ProjectLabel } from '@shared/contract/labels'
import { api } from '../client/api'
import { latest } from '../client/latest'
import { useNotify } from './notify'
import { useSession } from './session'

export const useLabels = defineStore('labels', () => {
  const session = useSession()
  /** With gaps: indices of deleted classes that stay taken. */
  const all = ref<ProjectLabel[]>([])
  /** The classes that there are. */
  const list = computed(() => all.value.filter((label) => !label.gap))
  const byId = computed<ReadonlyMap<number, ProjectLabel>>(() => new Map(all.value.map((label) => [label.id, label])))

  const refresh = latest(async () => {
    all.value = session.project === null ? [] : (await api.labels.list()).labels
  })
  watch(
    () => [session.project?.folder, session.project?.revision],
    () => void refresh().catch((error) => useNotify().error(error)),
    { immediate: true },
  )
  return { all, list, byId, refresh }
})
