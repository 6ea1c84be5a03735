/**
 * Stands in for the `electron` module, whose program may be absent: records windows, menus, dialogs and handlers, and
 * runs utility processes as worker threads, through which ports pass as they do in Electron.
 */
import { EventEmitter } from 'node:events'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'

/** Electron's MessagePortMain over a port of Node. */
export class PortMain extends EventEmitter {
  readonly port: MessagePort
  constructor(port: MessagePort) {
    super()
    this.port = port
    port.on('close', () => this.emit('close'))
  }
  postMessage(message: unknown): void {
    this.port.postMessage(message)
  }
  start(): void {
    this.port.on('message', (data) => this.emit('message', { data, ports: [] }))
  }
  close(): void {
    this.port.close()
  }
}

export class MessageChannelMain {
  readonly port1: PortMain
  readonly port2: PortMain
  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.port1 = new PortMain(port1)
    this.port2 = new PortMain(port2)
  }
}

export class StandinProcess extends EventEmitter {
  readonly pid = undefined
  readonly file: string
  readonly worker: Worker
  get stdout() {
    return this.worker.stdout
  }
  get stderr() {
    return this.worker.stderr
  }
  constructor(file: string) {
    super()
    this.file = file
    // Plain Node loads this text; it gives the thread what a utility process has.
    const start = `
      const { parentPort, workerData } = require('node:worker_threads')
      const { EventEmitter } = require('node:events')
      const main = (port) => {
        const end = new EventEmitter()
        port.on('close', () => end.emit('close'))
        return Object.assign(end, {
          postMessage: (message) => port.postMessage(message),
          start: () => port.on('message', (data) => end.emit('message', { data, ports: [] })),
          close: () => port.close(),
        })
      }
      const end = new EventEmitter()
      process.parentPort = Object.assign(end, { postMessage: (message) => parentPort.postMessage(message) })
      parentPort.on('message', ({ data, ports }) => end.emit('message', { data, ports: ports.map(main) }))
      import(workerData)
    `
    this.worker = new Worker(start, { eval: true, workerData: file, stdout: true, stderr: true, execArgv: [] })
    this.worker.on('online', () => this.emit('spawn'))
    this.worker.on('message', (message) => this.emit('message', message))
    this.worker.on('error', (error) => this.worker.stderr.push(`${error.stack}\n`))
    this.worker.on('exit', (code) => this.emit('exit', code))
  }
  postMessage(data: unknown, ports: PortMain[] = []): void {
    const transferred = ports.map(({ port }) => port)
    this.worker.postMessage({ data, ports: transferred }, transferred)
  }
  kill(): boolean {
    void this.worker.terminate()
    return true
  }
}

export const processes: StandinProcess[] = []
export const utilityProcess = {
  fork(file: string) {
    const started = new StandinProcess(file)
    processes.push(started)
    return started
  },
}

export class WebContents extends EventEmitter {
  readonly mainFrame = { url: '' }
  readonly sent: { channel: string; value: unknown; ports: PortMain[] }[] = []
  openHandler: ((details: { url: string }) => { action: string }) | null = null
  getURL = () => this.mainFrame.url
  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler
  }
  send(channel: string, value: unknown): void {
    this.postMessage(channel, value, [])
  }
  postMessage(channel: string, value: unknown, ports: PortMain[]): void {
    this.sent.push({ channel, value, ports })
    this.emit(`sent:${channel}`)
  }
  copy = () => this.sent.push({ channel: 'role:copy', value: null, ports: [] })
}

let lastWindow = 0
export class BrowserWindow extends EventEmitter {
  static all: BrowserWindow[] = []
  static getAllWindows = () => BrowserWindow.all
  static getFocusedWindow = () => BrowserWindow.all.find(({ focused }) => focused) ?? null
  static fromId = (id: number) => BrowserWindow.all.find((window) => window.id === id) ?? null
  static fromWebContents = (contents: WebContents) =>
    BrowserWindow.all.find(({ webContents }) => webContents === contents) ?? null
  readonly id = ++lastWindow
  readonly options: Record<string, unknown>
  readonly webContents = new WebContents()
  focused = false
  title = ''
  bounds = { x: 10, y: 20, width: 1200, height: 800 }
  constructor(options: Record<string, unknown>) {
    super()
    this.options = options
    BrowserWindow.all.push(this)
    app.emit('web-contents-created', {}, this.webContents)
  }
  async loadURL(url: string): Promise<void> {
    this.webContents.mainFrame.url = url
  }
  getNormalBounds = () => this.bounds
  isMaximized = () => true
  isFullScreen = () => false
  isMinimized = () => false
  isDestroyed = () => !BrowserWindow.all.includes(this)
  isFocused = () => this.focused
  setTitle(title: string): void {
    this.title = title
  }
  show(): void {}
  maximize(): void {}
  focus(): void {
    for (const window of BrowserWindow.all) window.focused = window === this
    this.emit('focus')
  }
  close(): void {
    this.emit('close')
    BrowserWindow.all = BrowserWindow.all.filter((window) => window !== this)
    this.emit('closed')
    if (BrowserWindow.all.length === 0) app.emit('window-all-closed')
  }
}

class App extends EventEmitter {
  isPackaged = false
  ended: number | 'quit' | null = null
  requestSingleInstanceLock = () => true
  isReady = () => true
  whenReady = async () => {}
  quit(): void {
    let stopped = false
    this.emit('before-quit', { preventDefault: () => (stopped = true) })
    if (stopped) return
    this.ended = 'quit'
    this.emit('ended')
  }
  exit(code: number): void {
    this.ended = code
    this.emit('ended')
  }
}
export const app = new App()

export const schemes: { scheme: string; privileges: Record<string, boolean> }[] = []
export const protocols = new Map<string, (request: Request) => Promise<Response>>()
export const protocol = {
  registerSchemesAsPrivileged: (list: typeof schemes) => void schemes.push(...list),
  handle: (scheme: string, handler: (request: Request) => Promise<Response>) => void protocols.set(scheme, handler),
}

type Check = (contents: unknown, permission: string, origin: string, details: Record<string, unknown>) => boolean
type Ask = (contents: unknown, permission: string, answer: (ok: boolean) => void, details: object) => void
export const permissions: { check: Check | null; ask: Ask | null } = { check: null, ask: null }
export const session = {
  defaultSession: {
    setPermissionCheckHandler: (handler: Check) => void (permissions.check = handler),
    setPermissionRequestHandler: (handler: Ask) => void (permissions.ask = handler),
  },
}

interface MenuItem {
  id?: string
  label?: string
  role?: string
  type?: string
  accelerator?: string
  registerAccelerator?: boolean
  enabled?: boolean
  checked?: boolean
  submenu?: MenuItem[]
  click?(item: unknown, window: unknown, event: { triggeredByAccelerator: boolean }): void
}
export const menus: MenuItem[][] = []
export const Menu = {
  buildFromTemplate: (template: MenuItem[]) => template,
  setApplicationMenu: (template: MenuItem[]) => void menus.push(template),
}

/** What was asked, and what to answer next. */
export const asked: Record<string, unknown>[] = []
export const answers: { response?: number; filePaths?: string[] } = {}
const answer = async (...given: unknown[]) => {
  asked.push(given.at(-1) as Record<string, unknown>)
  const { response = 0, filePaths = [] } = answers
  return { response, filePaths, filePath: filePaths[0], canceled: filePaths.length === 0 }
}
export const dialog = {
  showMessageBox: answer,
  showOpenDialog: answer,
  showSaveDialog: answer,
  showErrorBox: (title: string, content: string) => void asked.push({ title, content }),
}

export const ipcMain = Object.assign(new EventEmitter(), {
  handlers: new Map<string, (event: unknown, value: unknown) => unknown>(),
  handle: (name: string, handler: (event: unknown, value: unknown) => unknown) =>
    void ipcMain.handlers.set(name, handler),
})
export const opened: string[] = []
export const shell = {
  openExternal: async (url: string) => void opened.push(url),
  showItemInFolder: (path: string) => void opened.push(path),
}
export const screen = { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1040 } }] }
export const nativeTheme = { themeSource: 'system' }
