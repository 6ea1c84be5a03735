/** What the preload script may ask of the main process. Every message is checked: the sender, then its form. */
import { BrowserWindow, dialog, ipcMain, nativeTheme, type IpcMainEvent, type IpcMainInvokeEvent } from 'electron'
import { z } from 'zod'
import type { MenuModel, PickOptions } from '@shared/contract/shell'
import { appOrigin } from './messages'

const text = z.string().max(1000)
const pickSchema: z.ZodType<PickOptions> = z.object({
  kind: z.enum(['folder', 'file', 'files', 'save']),
  title: text.optional(),
  button: text.optional(),
  path: z.string().max(10_000).optional(),
  filters: z.array(z.object({ name: text, extensions: z.array(text) })).optional(),
})
const menuSchema: z.ZodType<MenuModel> = z.object({
  menus: z.array(z.object({ id: text, title: text })).max(30),
  entries: z
    .array(
      z.object({
        id: text,
        title: text,
        menu: text,
        group: text,
        keys: text.optional(),
        enabled: z.boolean().optional(),
        checked: z.boolean().optional(),
      }),
    )
    .max(1000),
})

export interface BridgeHandlers {
  onPortRequest(window: BrowserWindow): void
  onMenu(window: BrowserWindow, model: MenuModel): void
  /** The window listens for files to open from now on. */
  onReady(window: BrowserWindow): void
  onNewWindow(): void
}

export function serveBridge(handlers: BridgeHandlers): void {
  const windowOf = (event: IpcMainEvent | IpcMainInvokeEvent): BrowserWindow | null => {
    const url = event.senderFrame?.url ?? ''
    const isTop = event.senderFrame === event.sender.mainFrame
    return isTop && url.startsWith(`${appOrigin}/`) ? BrowserWindow.fromWebContents(event.sender) : null
  }
  const on = <S extends z.ZodType>(
    name: string,
    schema: S,
    handle: (window: BrowserWindow, value: z.output<S>) => void,
  ) =>
    ipcMain.on(name, (event, value: unknown) => {
      const window = windowOf(event)
      const parsed = schema.safeParse(value)
      if (window && parsed.success) handle(window, parsed.data)
    })
  on('port', z.undefined(), (window) => handlers.onPortRequest(window))
  on('menu', menuSchema, (window, model) => handlers.onMenu(window, model))
  on('ready', z.undefined(), (window) => handlers.onReady(window))
  on('new-window', z.undefined(), () => handlers.onNewWindow())
  on('title', text, (window, title) => window.setTitle(title))
  on('theme', z.enum(['auto', 'light', 'dark']), (_window, theme) => {
    nativeTheme.themeSource = theme === 'auto' ? 'system' : theme
  })
  ipcMain.handle('pick', async (event, value: unknown): Promise<string[]> => {
    const window = windowOf(event)
    return window ? pick(window, pickSchema.parse(value)) : []
  })
}

async function pick(window: BrowserWindow, { kind, title, button, path, filters }: PickOptions): Promise<string[]> {
  const common = { title, buttonLabel: button, defaultPath: path, filters }
  if (kind === 'save') {
    const { canceled, filePath } = await dialog.showSaveDialog(window, common)
    return canceled || !filePath ? [] : [filePath]
  }
  const properties: Electron.OpenDialogOptions['properties'] =
    kind === 'folder' ? ['openDirectory', 'createDirectory'] : kind === 'files' ? ['openFile', 'multiSelections'] : ['openFile'] // prettier-ignore
  const { canceled, filePaths } = await dialog.showOpenDialog(window, { ...common, properties })
  return canceled ? [] : filePaths
}
