/** The Electron program's main process: it only knows where things were built. */
import { join } from 'node:path'
import { startShell } from '../host/shell/shell'
import { userFolders } from '../store/user-folders'

const at = (name: string) => join(import.meta.dirname, name)
// Not awaited: Electron becomes ready only after this file has been loaded.
void startShell({
  files: {
    core: at('core.js'),
    worker: at('worker.js'),
    preload: at('../preload/preload.cjs'),
    ui: at('../renderer'),
  },
  config: userFolders().config,
  argv: process.argv,
})
