/** The window's side of the Electron shell: its menu is made from the actions, its theme and title follow the window. */
import { watchEffect } from 'vue'
import type { MenuModel } from '@shared/contract/shell'
import type { Action } from '../actions/action'
import { actionById, actions } from '../actions/actions'
import { invoke, isAvailable } from '../actions/available'
import { keysOf, type Keymap } from '../actions/keymap'
import { shell } from '../client/dial'
import { translate } from '../locales'
import { useImporting } from '../stores/importing'
import { useSettings } from '../stores/settings'

const order = ['file', 'edit', 'view', 'label', 'run', 'help'] as const

/** Titles in the language of the window; actions that are not available are greyed out. */
export function menuModel(list: readonly Action[], keymap: Keymap, t: (key: string) => string): MenuModel {
  const entries = list.flatMap((action) =>
    action.menu
      ? [
          {
            id: action.id,
            title: t(action.title),
            menu: action.menu,
            group: action.group,
            keys: keysOf(action, keymap)[0],
            enabled: isAvailable(action),
          },
        ]
      : [],
  )
  const used = order.filter((id) => entries.some((entry) => entry.menu === id))
  return { menus: used.map((id) => ({ id, title: t(`app.menu.${id}`) })), entries }
}

/** Does nothing in a browser. Answers the function that ends it. */
export function linkShell(): () => void {
  const bridge = shell
  if (!bridge) return () => {}
  const settings = useSettings()
  const stops = [
    watchEffect(() => bridge.setMenu(menuModel(actions, settings.values.keymap, translate))),
    watchEffect(() => bridge.setTheme(settings.values.theme)),
    bridge.onMenu((id) => {
      const action = actionById(id)
      if (action) invoke(action)
    }),
    bridge.onOpen((paths) => void useImporting().openPaths(paths)),
  ]
  return () => stops.forEach((stop) => stop())
}
