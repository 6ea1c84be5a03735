/** Keys as text: what an action answers to, how two are told apart, how a press becomes text and text becomes keycaps. */
import type { Action } from './action'

export type Keymap = Readonly<Record<string, readonly string[]>>
type Keyed = Pick<Action, 'id' | 'keys' | 'view'>

/** A person's keys for the action when there are any, else its own. */
export function keysOf(action: Keyed, keymap: Keymap): readonly string[] {
  return keymap[action.id] ?? action.keys ?? []
}

const order = ['$mod', 'Control', 'Alt', 'Shift', 'Meta']

/** One press, `Shift+$mod+Z` -> [['$mod', 'Shift'], 'z']; modifiers in a fixed order, optional ones left out. */
function readPress(press: string): [modifiers: string[], key: string] {
  const parts = press.split(/(?<=\w|\])\+/)
  const key = parts.pop()!
  const modifiers = parts.filter((part) => !part.startsWith('[')).sort((a, b) => order.indexOf(a) - order.indexOf(b))
  return [modifiers, /^[A-Z]$/.test(key) ? key.toLowerCase() : key]
}

/** Equal for bindings that the same presses trigger. */
export function normalizeKeys(keys: string, mac = false): string {
  const mod = mac ? 'Meta' : 'Control'
  return keys
    .trim()
    .split(/\s+/)
    .map((press) => {
      const [modifiers, key] = readPress(press)
      const plain = key === 'Space' ? ' ' : (/^(?:Key|Digit)(.)$/.exec(key)?.[1] ?? key)
      return [...modifiers.map((name) => (name === '$mod' ? mod : name)), plain.toLowerCase()].join('+')
    })
    .join(' ')
}

/** Key -> the other actions that answer to it too, where both could be meant. */
export function findConflicts<A extends Keyed>(actions: readonly A[], action: A, keymap: Keymap): Map<string, A[]> {
  const found = new Map<string, A[]>()
  for (const keys of keysOf(action, keymap)) {
    const wanted = normalizeKeys(keys)
    const others = actions.filter(
      (other) =>
        other.id !== action.id &&
        (!other.view || !action.view || other.view === action.view) &&
        keysOf(other, keymap).some((its) => normalizeKeys(its) === wanted),
    )
    if (others.length > 0) found.set(keys, others)
  }
  return found
}

type Press = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>

/** What a person pressed, as a binding; null while only modifiers are down. */
export function keysOfPress(event: Press, mac: boolean): string | null {
  if (['Control', 'Shift', 'Alt', 'Meta', 'AltGraph', 'Dead', 'Process', 'Unidentified'].includes(event.key))
    return null
  const parts: string[] = []
  if (mac ? event.metaKey : event.ctrlKey) parts.push('$mod')
  if (mac ? event.ctrlKey : event.metaKey) parts.push(mac ? 'Control' : 'Meta')
  if (event.altKey) parts.push('Alt')
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase()
  const digit = /^Digit(\d)$/.exec(event.code)?.[1]
  // With Alt or Shift the character of the key changes; letters and digits are meant by their place on the keyboard.
  const key = event.key === ' ' ? 'Space' : event.key.length > 1 ? event.key : (letter ?? digit ?? event.key)
  const named = event.key.length > 1 || letter !== undefined || digit !== undefined || event.key === ' '
  if (event.shiftKey) parts.push(named ? 'Shift' : '[Shift]')
  return [...parts, key.length === 1 ? key.toLowerCase() : key].join('+')
}

const symbols: Record<string, string> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Delete: 'Del',
  Backspace: '⌫',
  Enter: '↵',
  Equal: '=',
  Minus: '-',
  Comma: ',',
  Period: '.',
  Slash: '/',
  BracketLeft: '[',
  BracketRight: ']',
  NumpadAdd: 'Num +',
  NumpadSubtract: 'Num -',
  PageUp: 'PgUp',
  PageDown: 'PgDn',
}
const macModifiers: Record<string, string> = { $mod: '⌘', Meta: '⌘', Control: '⌃', Alt: '⌥', Shift: '⇧' }
const modifierNames: Record<string, string> = { $mod: 'Ctrl', Control: 'Ctrl', Meta: 'Win' }

/** Keycaps of each press: `$mod+Shift+z` -> [['Ctrl', 'Shift', 'Z']]. */
export function keyCaps(keys: string, mac: boolean): string[][] {
  return keys
    .trim()
    .split(/\s+/)
    .map((press) => {
      const [modifiers, key] = readPress(press)
      const bare = /^(?:Key|Digit)(.)$/.exec(key)?.[1] ?? key
      const cap = symbols[bare] ?? (bare.length === 1 ? bare.toUpperCase() : bare)
      return [...modifiers.map((name) => (mac ? macModifiers[name] : modifierNames[name]) ?? name), cap]
    })
}

/** The same as Electron's accelerators write it; null where it cannot (sequences). */
export function accelerator(keys: string): string | null {
  if (keys.trim().includes(' ')) return null
  const [modifiers, key] = readPress(keys.trim())
  const names: Record<string, string> = {
    ...Object.fromEntries(['Left', 'Right', 'Up', 'Down'].map((side) => [`Arrow${side}`, side])),
    ' ': 'Space',
    Escape: 'Esc',
    '+': 'Plus',
    NumpadAdd: 'numadd',
    NumpadSubtract: 'numsub',
    Equal: '=',
    Minus: '-',
  }
  const bare = /^(?:Key|Digit)(.)$/.exec(key)?.[1] ?? key
  const cap = names[bare] ?? (bare.length === 1 ? bare.toUpperCase() : bare)
  return [...modifiers.map((name) => (name === '$mod' ? 'CommandOrControl' : name)), cap].join('+')
}
