/** The one listener for commands by key. Gesture-local keys of the canvas stay with the canvas's tools. */
import { watch } from 'vue'
import { createKeybindingsHandler } from 'tinykeys'
import type { Action } from '../actions/action'
import { actions } from '../actions/actions'
import { hasKeys, invoke } from '../actions/available'
import { keysOf, normalizeKeys } from '../actions/keymap'
import { useSettings } from '../stores/settings'
import { isMac } from '../ui/platform'

const textFields =
  'textarea, select, [contenteditable=""], [contenteditable="true"], input:not([type=checkbox], [type=radio], [type=range], [type=button], [type=color], [type=file])'
/** Focused, these use the keys below themselves. */
const controls =
  'button, a[href], summary, input, [role=button], [role=checkbox], [role=switch], [role=slider], [role=option], [role=tab], [role=menuitem], [role=separator], [role=radio], [role=combobox]'
const controlKeys = new Set([' ', 'Enter', 'Home', 'End', 'PageUp', 'PageDown'])
const arrowControls =
  'input, [role=slider], [role=option], [role=tab], [role=menuitem], [role=separator], [role=radio], [role=combobox]'

/** Whether a press belongs to what has the focus, or to a dialog, rather than to the window. */
function isTaken(event: KeyboardEvent, action: Action): boolean {
  if (event.repeat && !action.repeat) return true
  if (document.querySelector('[aria-modal="true"], dialog[open]')) return true
  if (action.inText) return false
  const target = event.target instanceof Element ? event.target : null
  if (!target) return false
  if (target.closest(textFields)) return true
  if (event.ctrlKey || event.metaKey || event.altKey) return false
  if (controlKeys.has(event.key)) return target.matches(controls)
  return event.key.startsWith('Arrow') && target.matches(arrowControls)
}

/** Listens until the returned function is called; follows remapped keys. */
export function listenForKeys(): () => void {
  const settings = useSettings()
  let handler: EventListener = () => {}
  const stop = watch(
    () => settings.values.keymap,
    (keymap) => {
      const byKeys = new Map<string, { keys: string; actions: Action[] }>()
      for (const action of actions) {
        for (const keys of keysOf(action, keymap)) {
          const name = normalizeKeys(keys, isMac)
          const entry = byKeys.get(name) ?? { keys, actions: [] }
          entry.actions.push(action)
          byKeys.set(name, entry)
        }
      }
      const bindings = [...byKeys.values()].map(({ keys, actions: candidates }) => [
        keys,
        (event: KeyboardEvent) => {
          const meant = candidates.filter((action) => !isTaken(event, action))
          const action = meant.find((one) => one.view && hasKeys(one)) ?? meant.find(hasKeys)
          if (!action) return
          event.preventDefault()
          invoke(action, hasKeys)
        },
      ])
      handler = createKeybindingsHandler(Object.fromEntries(bindings), {
        ignore: (event) => event.isComposing || event.defaultPrevented,
      })
    },
    { immediate: true, deep: true },
  )
  const listener = (event: Event) => handler(event)
  window.addEventListener('keydown', listener)
  return () => {
    stop()
    window.removeEventListener('keydown', listener)
  }
}
