/** Classes of the open project, in index order, in step with every window. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { ProjectLabel } from '@shared/contract/labels'
import { api, connection } from '../client/api'
import { latest } from '../client/latest'
import { useNotify } from './notify'
import { useSession } from './session'

/** Counts of use are read again when changes pause for so long, ms. */
const countPause = 400

export const useLabels = defineStore('labels', () => {
  const session = useSession()
  /** With gaps: indices of deleted classes that stay taken. */
  const all = shallowRef<readonly ProjectLabel[]>([])
  /** They were read for the project that is open. */
  const ready = ref(false)
  /** The classes that there are. */
  const list = computed(() => all.value.filter((label) => !label.gap))
  const byId = computed<ReadonlyMap<number, ProjectLabel>>(() => new Map(all.value.map((label) => [label.id, label])))

  const refresh = latest(async () => {
    const open = session.project !== null
    all.value = open ? (await api.labels.list()).labels : []
    ready.value = open
  })
  const follow = () => void refresh().catch((error) => useNotify().error(error))
  watch([() => session.project?.folder, () => connection.epoch], follow, { immediate: true })
  let recount: ReturnType<typeof setTimeout> | undefined
  api.project.on('changed', ({ tables }) => {
    clearTimeout(recount)
    // A drawn shape changes only how often its label is used, which nobody waits for while drawing.
    if (tables?.every((table) => table === 'annotation' || table === 'sample')) recount = setTimeout(follow, countPause)
    else follow()
  })
  const nameOf = (id: number): string => byId.value.get(id)?.name ?? `#${id}`
  const colorOf = (id: number): string => byId.value.get(id)?.color ?? '#808080'

  /** The label of that name, added at the end when there is none. Answers its id. */
  async function ensure(name: string): Promise<number> {
    const known = list.value.find((label) => label.name === name)
    if (known) return known.id
    const { ids } = await api.labels.add({ labels: [{ name }] })
    await refresh()
    return ids[0]
  }
  return { all, list, byId, ready, refresh, nameOf, colorOf, ensure }
})
