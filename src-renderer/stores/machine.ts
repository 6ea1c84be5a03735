/** What the machine can do, as far as it was looked at; looking starts a worker, so it is done on request. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Doctor } from '@shared/contract/system'
import { api } from '../client/api'
import { providerTitle } from '../ui/provider-title'

export const useMachine = defineStore('machine', () => {
  const doctor = ref<Doctor | null>(null)
  const looking = ref(false)
  /** The fastest provider that computes right. */
  const provider = computed(() => {
    const able = doctor.value?.providers.filter((one) => one.available) ?? []
    const best = able.toSorted((a, b) => (a.milliseconds ?? Infinity) - (b.milliseconds ?? Infinity))[0]
    return best ? providerTitle(best.id) : null
  })

  async function look(): Promise<void> {
    if (looking.value) return
    looking.value = true
    try {
      doctor.value = await api.system.doctor()
    } finally {
      looking.value = false
    }
  }
  return { doctor, provider, looking, look }
})
