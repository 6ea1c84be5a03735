/** The Electron shell: windows, menu, dialogs and `app://`. The product itself runs in the core process. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { app, BrowserWindow, dialog, Menu, protocol, shell } from 'electron'
import type { MenuModel } from '@shared/contract/shell'
import { appProtocol } from './app-protocol'
import { serveBridge } from './bridge'
import { startCoreProcess, type CoreProcess } from './core-process'
import { menuTemplate } from './menu'
import { confine, guardPermissions, openWindow } from './window'

export interface ShellOptions {
  /** Absolute paths of what was built. */
  files: { core: string; worker: string; preload: string; ui: string }
  /** The person's folder of settings. */
  config: string | null
  argv: readonly string[]
}

/** Called once, before Electron is ready. */
export async function startShell({ files, config, argv }: ShellOptions): Promise<void> {
  if (!app.requestSingleInstanceLock()) return app.quit()
  protocol.registerSchemesAsPrivileged([
    {
      scheme: 'app',
      privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
    },
  ])

  /** null: it was lost, and the person is being asked. */
  let core: CoreProcess | null = null
  let coreReady: (core: CoreProcess) => void = () => {}
  let nextCore = new Promise<CoreProcess>((done) => (coreReady = done))
  let project: string | null = null
  let isQuitting = false
  const menus = new Map<number, MenuModel>()
  const ready = new Set<number>()
  let toOpen: string[] = pathsIn(argv, process.cwd())

  const startCore = () => {
    core = startCoreProcess({
      coreFile: files.core,
      workerFile: files.worker,
      reveal: (path) => shell.showItemInFolder(path),
      log: (line) => void process.stderr.write(`${line}\n`),
      onLost: (code, output) => void askAfterLoss(code, output),
    })
    core.api.on('project', ({ folder }) => {
      project = folder
    })
    coreReady(core)
    return core
  }

  const askAfterLoss = async (code: number, output: readonly string[]) => {
    core = null
    nextCore = new Promise((done) => (coreReady = done))
    const { response } = await dialog.showMessageBox({
      type: 'error',
      message: 'The part of Tagwright that keeps the project has ended unexpectedly.',
      detail: [
        'Every finished edit is saved. Runs that were training can be resumed from their last epoch.',
        '',
        `Exit code ${code}.`,
        ...output.slice(-8),
      ].join('\n'),
      buttons: ['Restart', 'Quit'],
      defaultId: 0,
      cancelId: 1,
      noLink: true,
    })
    if (response !== 0) return app.exit(1)
    const folder = project
    const started = startCore()
    if (folder !== null) {
      await started.api
        .open({ folder })
        .catch((error: Error) => dialog.showErrorBox('The project cannot be opened again', error.message))
    }
  }

  const addWindow = (): BrowserWindow => {
    const window = openWindow({
      preloadFile: files.preload,
      config,
      isFirst: BrowserWindow.getAllWindows().length === 0,
    })
    const { id } = window
    window.on('focus', () => showMenu(id))
    window.on('closed', () => {
      menus.delete(id)
      ready.delete(id)
    })
    window.webContents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) ready.delete(id)
    })
    return window
  }
  const showMenu = (id: number) => {
    const model = menus.get(id)
    const window = BrowserWindow.fromId(id)
    if (!model || !window) return
    const template = menuTemplate(model, {
      platform: process.platform,
      isPackaged: app.isPackaged,
      onChoose: (action) => window.webContents.send('menu', action),
      onTextKeys: (role) => window.webContents[role](),
    })
    Menu.setApplicationMenu(Menu.buildFromTemplate(template))
  }
  const deliver = () => {
    const window = BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows().find(({ id }) => ready.has(id))
    if (toOpen.length === 0 || !window || !ready.has(window.id)) return
    window.webContents.send('open', toOpen)
    toOpen = []
  }
  const show = () => {
    const window = BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows()[0] ?? addWindow()
    if (window.isMinimized()) window.restore()
    window.focus()
  }

  serveBridge({
    onPortRequest(window) {
      void nextCore.then((running) => {
        if (window.isDestroyed()) return
        window.webContents.postMessage('port', null, [running.openPort(`window-${window.id}`)])
      })
    },
    onMenu(window, model) {
      menus.set(window.id, model)
      if (window.isFocused() || BrowserWindow.getAllWindows().length === 1) showMenu(window.id)
    },
    onReady(window) {
      ready.add(window.id)
      deliver()
    },
    onNewWindow: () => void addWindow(),
  })
  app.on('web-contents-created', (_event, contents) => confine(contents))
  app.on('second-instance', (_event, words, folder) => {
    toOpen = [...toOpen, ...pathsIn(words, folder)]
    show()
    deliver()
  })
  // macOS passes files by event, also before the app is ready.
  app.on('open-file', (event, path) => {
    event.preventDefault()
    toOpen = [...toOpen, path]
    if (!app.isReady()) return
    show()
    deliver()
  })
  app.on('activate', show)
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  app.on('before-quit', (event) => {
    if (isQuitting) return
    event.preventDefault()
    void quit()
  })
  const quit = async () => {
    const running = core
    const jobs = running ? (await running.api.busy().catch(() => ({ jobs: 0 }))).jobs : 0
    if (jobs > 0) {
      const { response } = await dialog.showMessageBox({
        type: 'question',
        message: jobs === 1 ? 'A job is still running.' : `${jobs} jobs are still running.`,
        detail: 'When Tagwright quits they stop; training runs can be resumed later.',
        buttons: ['Quit', 'Keep running'],
        defaultId: 1,
        cancelId: 1,
        noLink: true,
      })
      if (response !== 0) {
        // The last window may be closed already.
        if (BrowserWindow.getAllWindows().length === 0) addWindow()
        return
      }
    }
    isQuitting = true
    await running?.close()
    app.quit()
  }

  await app.whenReady()
  guardPermissions()
  protocol.handle('app', appProtocol({ ui: files.ui, core: async () => (await nextCore).api }))
  startCore()
  addWindow()
}

/** What a command line asks to open: existing paths after the program (and, in a checkout, after its folder). */
function pathsIn(words: readonly string[], folder: string): string[] {
  return words
    .slice(app.isPackaged ? 1 : 2)
    .filter((word) => !word.startsWith('-'))
    .map((word) => resolve(folder, word))
    .filter((path, i) => existsSync(path) || i === 2)
}
