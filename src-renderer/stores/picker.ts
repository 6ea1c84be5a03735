/** Asks for folders and files of the host's machine: by the system's dialog, else by the window's own browser. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { PickOptions } from '@shared/contract/shell'
import { shell } from '../client/dial'
import { useSession } from './session'

export const usePicker = defineStore('picker', () => {
  const session = useSession()
  /** What the window's own browser is asked now. */
  const asked = ref<(PickOptions & { answer: (paths: string[]) => void }) | null>(null)

  /** Absolute paths; empty: given up. */
  async function pick(options: PickOptions): Promise<string[]> {
    if (shell && session.capabilities?.nativeDialogs !== false) return shell.pick(options)
    asked.value?.answer([])
    return new Promise((resolve) => {
      asked.value = {
        ...options,
        answer(paths) {
          asked.value = null
          resolve(paths)
        },
      }
    })
  }
  return { asked, pick }
})
