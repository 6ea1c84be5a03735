/** Findings of the dataset's lint: counts by code, kept in step with the project. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { api } from '../client/api'
import { latest } from '../client/latest'
import { useJobs } from './jobs'
import { useNavigation } from './navigation'
import { useNotify } from './notify'
import { useSession } from './session'

type Listing = Awaited<ReturnType<typeof api.lint.list>>

export const useLint = defineStore('lint', () => {
  const session = useSession()
  const jobs = useJobs()
  const notify = useNotify()
  const navigation = useNavigation()
  const counts = ref<Listing['counts']>([])
  const fresh = ref(false)
  const scannedAt = ref<string | null>(null)
  const running = ref(false)
  /** Counts the answers, so that lists of single findings know when to ask again. */
  const version = ref(0)
  const total = computed(() => counts.value.reduce((sum, one) => sum + one.issues, 0))

  const refresh = latest(async () => {
    if (session.project === null) {
      counts.value = []
      scannedAt.value = null
      return
    }
    const list = await api.lint.list({ limit: 1 })
    counts.value = list.counts
    fresh.value = list.fresh
    scannedAt.value = list.scannedAt
    version.value++
  })
  /** Nobody looks at the counts from other views: while labelling, nothing is asked. */
  const follow = () => {
    if (navigation.view === 'data') void refresh().catch(notify.error)
  }
  watch(() => [session.project?.folder, session.project?.revision, navigation.view === 'data'], follow, {
    immediate: true,
  })
  api.lint.on('changed', follow)

  async function scan(): Promise<void> {
    if (running.value) return
    running.value = true
    try {
      await jobs.result((await api.lint.run()).job)
      await refresh()
    } finally {
      running.value = false
    }
  }
  return { counts, fresh, scannedAt, running, version, total, refresh, scan }
})
