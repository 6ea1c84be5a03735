/** The application menu, built from the window's actions. */
import type { KeyboardEvent, MenuItemConstructorOptions } from 'electron'
import type { MenuEntry, MenuModel } from '@shared/contract/shell'

export interface MenuOptions {
  platform: NodeJS.Platform
  isPackaged: boolean
  /** An entry was chosen. */
  onChoose(id: string): void
  /** Keys that the window left alone, because the person is in a text field: what they mean there. */
  onTextKeys(role: TextRole): void
}
export type TextRole = 'undo' | 'redo' | 'cut' | 'copy' | 'paste' | 'selectAll'

const textRoles: Readonly<Record<string, TextRole>> = {
  'CommandOrControl+Z': 'undo',
  'CommandOrControl+Shift+Z': 'redo',
  'CommandOrControl+X': 'cut',
  'CommandOrControl+C': 'copy',
  'CommandOrControl+V': 'paste',
  'CommandOrControl+A': 'selectAll',
}

export function menuTemplate(model: MenuModel, options: MenuOptions): MenuItemConstructorOptions[] {
  const menus = model.menus
    .map(({ id, title }): MenuItemConstructorOptions => {
      const entries = model.entries.filter(({ menu }) => menu === id)
      const groups = [...new Set(entries.map(({ group }) => group))]
      const submenu = groups.flatMap((group, i): MenuItemConstructorOptions[] => [
        ...(i > 0 ? [{ type: 'separator' as const }] : []),
        ...entries.filter((entry) => entry.group === group).map((entry) => menuItem(entry, options)),
      ])
      return { label: title.replaceAll('&', '&&'), submenu }
    })
    .filter(({ submenu }) => (submenu as MenuItemConstructorOptions[]).length > 0)
  return [
    ...(options.platform === 'darwin' ? [{ role: 'appMenu' as const }] : []),
    ...menus,
    ...(options.platform === 'darwin' ? [{ role: 'windowMenu' as const }] : []),
    ...(options.isPackaged
      ? []
      : [{ label: 'Developer', submenu: [{ role: 'reload' as const }, { role: 'toggleDevTools' as const }] }]),
  ]
}

function menuItem({ id, title, keys, enabled, checked }: MenuEntry, options: MenuOptions): MenuItemConstructorOptions {
  const accelerator = keys === undefined ? null : toAccelerator(keys)
  return {
    id,
    label: title.replaceAll('&', '&&'),
    enabled: enabled ?? true,
    ...(checked === undefined ? {} : { type: 'checkbox' as const, checked }),
    // Shown only: the window handles its keys itself. macOS has no such switch; there the menu hears what the window
    // did not take, which is typing in a text field.
    ...(accelerator === null ? {} : { accelerator, registerAccelerator: false }),
    click(_item, _window, event: KeyboardEvent) {
      if (!event.triggeredByAccelerator) return options.onChoose(id)
      const role = accelerator === null ? undefined : textRoles[accelerator]
      if (role) options.onTextKeys(role)
    },
  }
}

const names: Readonly<Record<string, string>> = {
  $mod: 'CommandOrControl', Control: 'Control', Ctrl: 'Control', Meta: 'Meta', Alt: 'Alt', Shift: 'Shift',
  ArrowLeft: 'Left', ArrowRight: 'Right', ArrowUp: 'Up', ArrowDown: 'Down', Escape: 'Escape', Enter: 'Enter',
  Backspace: 'Backspace', Delete: 'Delete', Tab: 'Tab', Home: 'Home', End: 'End', PageUp: 'PageUp',
  PageDown: 'PageDown', Space: 'Space', ' ': 'Space', '+': 'Plus', Plus: 'Plus', Equal: '=', Minus: '-',
} // prettier-ignore

/** Electron's notation of tinykeys' `$mod+Shift+z`; null where it has none: sequences, unknown keys. */
export function toAccelerator(keys: string): string | null {
  const parts = keys.endsWith('++') ? [...keys.slice(0, -2).split('+'), '+'] : keys.split('+')
  const words = parts.map((part) => {
    if (Object.hasOwn(names, part)) return names[part]
    const key = /^(?:Key|Digit)(.)$/.exec(part)?.[1] ?? part
    if (/^F\d{1,2}$/.test(key) || /^[!-~]$/.test(key)) return key.toUpperCase()
    return null
  })
  return words.includes(null) || words.length === 0 ? null : words.join('+')
}
