/** The project's runs, newest first, and the one that is looked at. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { LiveRun, Run, RunSummary } from '@shared/contract/runs'
import { api } from '../client/api'
import { latest } from '../client/latest'
import { followProject } from './follow-project'
import { useNotify } from './notify'

export const useRuns = defineStore('runs', () => {
  const runs = ref<RunSummary[]>([])
  /** Ids of runs that wait, the next one first. */
  const waiting = ref<string[]>([])
  const selected = ref<string | null>(null)
  const detail = ref<Run | null>(null)
  const live = ref<Record<string, LiveRun>>({})
  const loaded = ref(false)

  const readDetail = latest(async () => {
    const id = selected.value
    if (id === null || !runs.value.some((run) => run.id === id)) {
      detail.value = null
      return
    }
    const run = await api.runs.get({ run: id })
    if (selected.value === id) detail.value = run
  })
  const refresh = followProject(
    async () => {
      const answer = await api.runs.list()
      runs.value = answer.runs.toReversed()
      waiting.value = answer.waiting
      loaded.value = true
      await readDetail()
    },
    () => {
      runs.value = []
      waiting.value = []
      detail.value = null
      live.value = {}
      loaded.value = true
    },
    // Annotations change all the time; runs tell by their own event.
    () => false,
  )
  api.runs.on('changed', () => void refresh())
  api.results.on('changed', () => void useNotify().attempt(readDetail))
  api.runs.on('live', (now) => {
    live.value[now.run] = now
  })
  watch(selected, () => void useNotify().attempt(readDetail))

  /** What is known about now: by event, else as it was when the run was read. */
  const liveOf = (id: string): LiveRun | null => live.value[id] ?? (detail.value?.id === id ? detail.value.live : null)
  const active = computed(() => runs.value.filter((run) => run.status === 'running' || run.status === 'queued'))
  return { runs, waiting, selected, detail, loaded, active, liveOf, refresh }
})
