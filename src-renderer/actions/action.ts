/** Whatever a person can invoke is one Action: it feeds the menu, the toolbar, the palette, the shortcut sheet and keys. */
import type { Component } from 'vue'

export interface Action {
  /** `edit.undo`: stable, since remapped keys are stored under it. */
  id: string
  /** i18n keys. */
  title: string
  group: string
  /** Default keys in tinykeys' syntax: `$mod+z`, `[Shift]+?`. */
  keys?: readonly string[]
  icon?: Component
  /** Place in the application menu; without it the action is in the palette only. */
  menu?: 'file' | 'edit' | 'view' | 'label' | 'run' | 'help'
  /** Only while this view is open. Actions of different views may have the same keys. */
  view?: string
  /** Reactive: false greys the action out and leaves its keys to others. */
  when?: () => boolean
  /** Instead of `when` for its keys: where that is learned from the core, a quick hand is ahead of it. */
  keysWhen?: () => boolean
  /** A held key invokes it again and again. */
  repeat?: boolean
  /** Its keys also count in text fields; for keys that write nothing, such as `$mod+k`. */
  inText?: boolean
  /** Not listed in the palette: one of many alike, such as the digits for labels. */
  unlisted?: boolean
  run: () => void | Promise<void>
}

export const defineAction = (action: Action): Action => action
