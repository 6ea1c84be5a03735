/** Everything long: newest first, with progress as it comes. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { TagwrightError, fromErrorShape } from '@shared/base/errors'
import { finalJobStatuses, type Job } from '@shared/contract/jobs'
import { api, connection } from '../client/api'
import { useNotify } from './notify'

export interface JobLog {
  level: 'info' | 'warning'
  message: string
}
/** Kept lines per job. */
const logLines = 500

export const isFinal = (job: Job): boolean => finalJobStatuses.includes(job.status)

export const useJobs = defineStore('jobs', () => {
  const jobs = ref<Job[]>([])
  /** Log lines since the window was opened, by job. */
  const logs = ref<Record<number, JobLog[]>>({})
  /** Jobs whose end somebody shows already, so that the frame does not tell it again. */
  const watched = new Set<number>()
  const waiting = new Map<number, (job: Job) => void>()

  const active = computed(() => jobs.value.filter((job) => !isFinal(job)))

  function take(job: Job): void {
    const at = jobs.value.findIndex((one) => one.id === job.id)
    if (at < 0) jobs.value = [job, ...jobs.value].sort((a, b) => b.id - a.id)
    else jobs.value[at] = job
    if (isFinal(job)) {
      waiting.get(job.id)?.(job)
      waiting.delete(job.id)
    }
  }
  async function refresh(): Promise<void> {
    jobs.value = (await api.jobs.list({ limit: 100 })).jobs
    for (const job of jobs.value.filter(isFinal)) take(job)
  }
  watch(
    () => connection.epoch,
    () => void refresh().catch((error) => useNotify().error(error)),
    { immediate: connection.epoch > 0 },
  )
  api.jobs.on('changed', ({ job }) => {
    take(job)
    if (job.status === 'failed' && job.error && !watched.has(job.id)) useNotify().error(fromErrorShape(job.error))
  })
  api.jobs.on('progress', ({ job: id, progress }) => {
    const job = jobs.value.find((one) => one.id === id)
    if (job) job.progress = progress
  })
  api.jobs.on('log', ({ job, level, message }) => {
    const lines = (logs.value[job] ??= [])
    lines.push({ level, message })
    if (lines.length > logLines) lines.splice(0, lines.length - logLines)
  })

  const byId = (id: number): Job | undefined => jobs.value.find((job) => job.id === id)

  /**
   * Waits for a job's end, also across a lost connection, and answers its `result`. Throws the job's error; a cancelled
   * or interrupted job throws `cancelled`. The caller shows the end; the frame stays silent about it.
   */
  async function result<T>(id: number): Promise<T> {
    watched.add(id)
    const end = await new Promise<Job>((resolve, reject) => {
      waiting.set(id, resolve)
      api.jobs.get({ job: id }).then((job) => {
        take(job)
      }, reject)
    })
    if (end.status === 'done') return end.result as T
    if (end.error) throw fromErrorShape(end.error)
    throw new TagwrightError('cancelled', `Job ${id} was ${end.status}. Start it again when it is wanted.`)
  }
  const cancel = (id: number): Promise<void> => api.jobs.cancel({ job: id })
  const cancelAll = (): Promise<void> => api.jobs.cancelAll()
  return { jobs, active, logs, byId, result, cancel, cancelAll, refresh }
})
