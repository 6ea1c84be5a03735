/** What a person chose about the window: theme, language, keys, panel sizes and every panel's own settings. */
import { defineStore } from 'pinia'
import { computed, reactive, ref, watch } from 'vue'
import { settingValue, type SettingField, type SettingGroup, type SettingValues } from '../ui/setting'
import { keepPreferences, loadPreferences } from '../client/preferences'
import { languages, type Language } from '../locales'
import { useNotify } from './notify'

export type Theme = 'auto' | 'light' | 'dark'

export interface Preferences {
  theme: Theme
  language: 'auto' | Language
  /** Action id -> keys that replace its own; an empty list takes them away. */
  keymap: Record<string, string[]>
  /** Split pane id -> size of its fixed side, px. */
  panels: Record<string, number>
  /** Group id -> field -> value, as far as it differs from the default. */
  groups: Record<string, Record<string, unknown>>
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const pick = <T>(value: unknown, valid: (one: unknown) => one is T): Record<string, T> =>
  isRecord(value)
    ? (Object.fromEntries(Object.entries(value).filter(([, one]) => valid(one))) as Record<string, T>)
    : {}

/** Reads what was stored by any version: what does not fit is left out. */
export function readPreferences(stored: unknown): Preferences {
  const from = isRecord(stored) ? stored : {}
  return {
    theme: from.theme === 'light' || from.theme === 'dark' ? from.theme : 'auto',
    language: typeof from.language === 'string' && from.language in languages ? (from.language as Language) : 'auto',
    keymap: pick(from.keymap, (one): one is string[] => Array.isArray(one) && one.every((k) => typeof k === 'string')),
    panels: pick(from.panels, (one): one is number => typeof one === 'number' && Number.isFinite(one)),
    groups: pick(from.groups, isRecord),
  }
}

export const useSettings = defineStore('settings', () => {
  const values = reactive(readPreferences(loadPreferences()))
  const kept = keepPreferences(
    (stored) => {
      const next = readPreferences(stored)
      if (JSON.stringify(next) !== JSON.stringify(values)) Object.assign(values, next)
    },
    (error) => void useNotify().error(error),
  )
  watch(values, () => kept.save(values))

  const system = window.matchMedia('(prefers-color-scheme: dark)')
  const systemDark = ref(system.matches)
  system.addEventListener('change', (event) => (systemDark.value = event.matches))
  const dark = computed(() => (values.theme === 'auto' ? systemDark.value : values.theme === 'dark'))
  const language = computed<Language>(() => {
    if (values.language !== 'auto') return values.language
    const system = navigator.language.slice(0, 2)
    return system in languages ? (system as Language) : 'en'
  })

  /** The stored values of a group of settings; writing to a field stores it. */
  function group<F extends Record<string, SettingField>>(it: SettingGroup<F>): SettingValues<F> {
    return new Proxy({} as SettingValues<F>, {
      get: (_, name) =>
        typeof name === 'string' && Object.hasOwn(it.fields, name)
          ? settingValue(it.fields[name], values.groups[it.id]?.[name])
          : undefined,
      set(_, name, value) {
        if (typeof name !== 'string' || !Object.hasOwn(it.fields, name)) return false
        const { [name]: _old, ...rest } = values.groups[it.id] ?? {}
        values.groups[it.id] = value === it.fields[name].default ? rest : { ...rest, [name]: value }
        return true
      },
      ownKeys: () => Object.keys(it.fields),
      getOwnPropertyDescriptor: (_, name) =>
        Object.hasOwn(it.fields, name) ? { enumerable: true, configurable: true, writable: true } : undefined,
    })
  }
  return { values, dark, language, group }
})
