/** Runs in the window's isolated world: hands the page a small bridge, nothing of Electron itself. */
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import type { ShellBridge } from '@shared/contract/shell'

/** The page's window, as far as this script uses it. */
declare const window: { postMessage(message: unknown, origin: string, ports: unknown[]): void }
declare const location: { origin: string }

// A port cannot cross the bridge; the page gets it as a message of its own window.
ipcRenderer.on('port', (event) => window.postMessage({ tagwright: 'port' }, location.origin, [...event.ports]))

const subscribe = <T>(channel: string, listener: (value: T) => void): (() => void) => {
  const receive = (_event: unknown, value: T) => listener(value)
  ipcRenderer.on(channel, receive)
  return () => void ipcRenderer.off(channel, receive)
}

const bridge: ShellBridge = {
  platform: process.platform,
  requestPort: () => ipcRenderer.send('port'),
  pick: (options) => ipcRenderer.invoke('pick', options) as Promise<string[]>,
  pathOf: (file) => webUtils.getPathForFile(file as Parameters<typeof webUtils.getPathForFile>[0]),
  setMenu: (model) => ipcRenderer.send('menu', model),
  onMenu: (listener) => subscribe('menu', listener),
  onOpen(listener) {
    const stop = subscribe('open', listener)
    ipcRenderer.send('ready')
    return stop
  },
  setTitle: (title) => ipcRenderer.send('title', title),
  newWindow: () => ipcRenderer.send('new-window'),
  setTheme: (theme) => ipcRenderer.send('theme', theme),
}
contextBridge.exposeInMainWorld('tagwright', bridge)
