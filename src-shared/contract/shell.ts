/**
 * What the Electron shell offers a window beside the contract, as `globalThis.tagwright`; absent in a browser. Ports and
 * File objects cannot cross the bridge, so a port arrives as the window message `{tagwright: 'port'}`.
 */

export interface FileFilter {
  /** Shown to the person. */
  name: string
  /** Without dots; `*` for all. */
  extensions: string[]
}

export interface PickOptions {
  kind: 'folder' | 'file' | 'files' | 'save'
  title?: string
  /** Text of the button. */
  button?: string
  /** Absolute: where to begin; for `save` with a proposed name. */
  path?: string
  filters?: FileFilter[]
}

/** One entry of the application menu; entries of a menu that share a group stand together between separators. */
export interface MenuEntry {
  /** Of the action; sent back when it is chosen. */
  id: string
  /** In the person's language. */
  title: string
  menu: string
  group: string
  /** In tinykeys' syntax: shown, and handled by the window. */
  keys?: string
  enabled?: boolean
  /** Left out: no check mark. */
  checked?: boolean
}

export interface MenuModel {
  /** In order, titles in the person's language. */
  menus: { id: string; title: string }[]
  entries: MenuEntry[]
}

export interface ShellBridge {
  platform: string
  /** Asks for a port to the core; it arrives as a window message `{tagwright: 'port'}`. */
  requestPort(): void
  /** Absolute paths; empty: cancelled. */
  pick(options: PickOptions): Promise<string[]>
  /** Absolute path of a dropped or chosen file, '' when it has none. */
  pathOf(file: unknown): string
  setMenu(model: MenuModel): void
  /** Actions chosen from the application menu. Returns the function that ends the subscription. */
  onMenu(listener: (id: string) => void): () => void
  /** Files and folders that the system asks to open: a project, an image, a folder. Also those given at the start. */
  onOpen(listener: (paths: string[]) => void): () => void
  setTitle(title: string): void
  newWindow(): void
  setTheme(theme: 'auto' | 'light' | 'dark'): void
}
