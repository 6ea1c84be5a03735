/** Start weights on this machine and in the catalogue; downloads that run. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Weights } from '@shared/contract/weights'
import { api } from '../client/api'
import { latest } from '../client/latest'
import { useJobs } from './jobs'
import { useNotify } from './notify'

export const useWeights = defineStore('weights', () => {
  const jobs = useJobs()
  const notify = useNotify()
  const weights = ref<Weights[]>([])
  const folder = ref('')
  /** Job of a download by the name of what it fetches. */
  const fetching = ref<Record<string, number>>({})

  const read = latest(async () => {
    const answer = await api.weights.list()
    weights.value = answer.weights
    folder.value = answer.folder
  })
  api.weights.on('changed', () => void notify.attempt(read))

  const byName = (name: string): Weights | undefined => weights.value.find((one) => one.name === name)
  const byFile = (file: string): Weights | undefined => weights.value.find((one) => one.file === file)
  /** 0..1 of a download that runs; null: none, or its length is not known. */
  function share(name: string): number | null {
    const progress = jobs.byId(fetching.value[name] ?? -1)?.progress
    return progress?.total ? progress.done / progress.total : null
  }
  /** Answers the weights when they are here; undefined after an error, which is shown. */
  async function get(name: string): Promise<Weights | undefined> {
    try {
      return await notify.attempt(async () => {
        const { job } = await api.weights.get({ name })
        fetching.value[name] = job
        const got = await jobs.result<Weights>(job)
        await read()
        return got
      })
    } finally {
      delete fetching.value[name]
    }
  }
  const cancel = (name: string) => notify.attempt(() => jobs.cancel(fetching.value[name]))
  async function add(path: string): Promise<Weights | undefined> {
    return notify.attempt(async () => {
      const added = await api.weights.add({ path })
      await read()
      return added
    })
  }
  const remove = (name: string) =>
    notify.attempt(async () => {
      await api.weights.remove({ name })
      await read()
    })
  const here = computed(() => weights.value.filter(({ state }) => state === 'here'))
  return { weights, folder, fetching, here, read, byName, byFile, share, get, cancel, add, remove }
})
