/** A window of the shell: isolated, sandboxed, confined to its own origin; where it stood is kept. */
import { BrowserWindow, dialog, screen, session, shell, type Session } from 'electron'
import { appOrigin } from './messages'
import { fitWindow, leastSize, loadWindowState, saveWindowState } from './window-state'

export interface WindowOptions {
  preloadFile: string
  /** The person's folder of settings; null: nothing is kept. */
  config: string | null
  /** Beside another window, not on top of it. */
  isFirst: boolean
}

export function openWindow({ preloadFile, config, isFirst }: WindowOptions): BrowserWindow {
  const state = loadWindowState(config)
  const place = fitWindow(
    state,
    screen.getAllDisplays().map(({ workArea }) => workArea),
  )
  const { x: _x, y: _y, ...size } = place
  const window = new BrowserWindow({
    ...(isFirst ? place : size),
    minWidth: leastSize.width,
    minHeight: leastSize.height,
    title: 'Tagwright',
    show: false,
    backgroundColor: '#17181b',
    webPreferences: {
      preload: preloadFile,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
    },
  })
  window.once('ready-to-show', () => {
    if (isFirst && state?.maximized) window.maximize()
    if (isFirst && state?.fullScreen) window.setFullScreen(true)
    window.show()
  })
  window.on('close', () => {
    const { x, y, width, height } = window.getNormalBounds()
    saveWindowState(config, { x, y, width, height, maximized: window.isMaximized(), fullScreen: window.isFullScreen() })
  })
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return
    const message = 'The window stopped working. Nothing is lost: every edit is saved when it is made.'
    void dialog
      .showMessageBox(window, { type: 'error', message, detail: `Reason: ${reason}`, buttons: ['Reload', 'Close'] })
      .then(({ response }) => (response === 0 ? window.reload() : window.destroy()))
  })
  void window.loadURL(`${appOrigin}/index.html`)
  return window
}

const isOwn = (url: string): boolean => url === appOrigin || url.startsWith(`${appOrigin}/`)

/** For every web contents there will be: nothing leaves the window's own pages. Links open in the system's browser. */
export function confine(contents: Electron.WebContents): void {
  const stop = (event: { preventDefault(): void }, url: string) => {
    if (!isOwn(url)) event.preventDefault()
  }
  contents.on('will-navigate', (event, url) => stop(event, url))
  contents.on('will-redirect', (event, url) => stop(event, url))
  contents.on('will-frame-navigate', (event) => stop(event, event.url))
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    if (url.startsWith('https://')) void shell.openExternal(url)
    return { action: 'deny' }
  })
}

/** Only what a person asks for: the clipboard, a message at the end of a run, and the camera after a question. */
export function guardPermissions(of: Session = session.defaultSession): void {
  const free = ['clipboard-sanitized-write', 'clipboard-read', 'notifications']
  let cameraAllowed = false
  of.setPermissionCheckHandler((_contents, permission, origin, details) => {
    if (!isOwn(origin.replace(/\/$/, ''))) return false
    return free.includes(permission) || (permission === 'media' && details.mediaType === 'video' && cameraAllowed)
  })
  of.setPermissionRequestHandler((contents, permission, answer, details) => {
    if (!isOwn(contents.getURL())) return answer(false)
    if (free.includes(permission)) return answer(true)
    const media = 'mediaTypes' in details ? (details.mediaTypes ?? []) : []
    if (permission !== 'media' || media.length === 0 || media.some((type) => type !== 'video')) return answer(false)
    if (cameraAllowed) return answer(true)
    const window = BrowserWindow.fromWebContents(contents)
    const question = { type: 'question' as const, message: 'Use the camera?', buttons: ['Use the camera', 'No'] }
    void (window ? dialog.showMessageBox(window, question) : dialog.showMessageBox(question)).then(({ response }) => {
      cameraAllowed = response === 0
      answer(cameraAllowed)
    })
  })
}
