/**
 * Where the window keeps what a person chose: with the core, so that every window has it and the next port of the
 * server too; a copy in the browser gives the first frame its theme and language.
 */
import type { Settings } from '@shared/contract/settings'
import { watch } from 'vue'
import { api, connection } from './api'

const key = 'tagwright.preferences'
/** Values change many times in a row while something is dragged, ms. */
const pause = 300

/** The browser's copy. */
export function loadPreferences(): Record<string, unknown> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
    return typeof stored === 'object' && stored !== null ? (stored as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
function keepCopy(values: Record<string, unknown>): void {
  try {
    localStorage.setItem(key, JSON.stringify(values))
  } catch {
    // Storage that is full or forbidden costs the first frame its theme, not the choice.
  }
}

export interface Preferences {
  /** Stores the values that differ from those stored last. */
  save(values: Record<string, unknown>): void
}

/**
 * Reads the core's values at every connection and follows other windows.
 * @param onStored gets all values; also those of a newer version, which are kept.
 */
export function keepPreferences(
  onStored: (values: Record<string, unknown>) => void,
  onError: (e: unknown) => void,
): Preferences {
  let stored: Record<string, unknown> = loadPreferences()
  let wanted: Record<string, unknown> = {}
  let timer: ReturnType<typeof setTimeout> | undefined

  const take = (values: Record<string, unknown>) => {
    // What was chosen here and is not stored yet wins.
    stored = { ...stored, ...values }
    for (const [name, value] of Object.entries(stored)) if (value === null) delete stored[name]
    keepCopy(stored)
    onStored({ ...stored, ...wanted })
  }
  const send = async () => {
    const values = wanted
    wanted = {}
    try {
      await api.settings.set({ values: values as Settings })
    } catch (error) {
      wanted = { ...values, ...wanted }
      onError(error)
    }
  }
  watch(
    () => connection.epoch,
    async () => {
      const answer = await api.settings.get().catch(() => null)
      if (answer) take(answer.values)
      if (Object.keys(wanted).length > 0) void send()
    },
    { immediate: connection.epoch > 0 },
  )
  api.settings.on('changed', ({ values }) => take(values))
  return {
    save(values) {
      for (const [name, value] of Object.entries(values)) {
        if (JSON.stringify(stored[name]) === JSON.stringify(value)) continue
        // A copy: the value goes on changing in the window.
        stored[name] = wanted[name] = JSON.parse(JSON.stringify(value))
      }
      if (Object.keys(wanted).length === 0) return
      keepCopy(stored)
      clearTimeout(timer)
      timer = setTimeout(send, pause)
    },
  }
}
