import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { TagwrightError } from '@shared/base/errors'

/** Whether a desktop is there to show anything on. */
export const hasDesktop = (env: NodeJS.ProcessEnv = process.env, platform = process.platform): boolean =>
  platform === 'win32' || platform === 'darwin' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY)

/** Shows a file in the system's file manager; null where there is no desktop. */
export function systemReveal(): ((path: string) => Promise<void>) | null {
  if (!hasDesktop()) return null
  switch (process.platform) {
    case 'win32':
      return (path) => start('explorer.exe', [`/select,${path}`])
    case 'darwin':
      return (path) => start('open', ['-R', path])
    default:
      return (path) => start('xdg-open', [dirname(path)])
  }
}

/** Opens an address in the system's browser. Throws `no-program` where there is none. */
export function openInBrowser(url: string): Promise<void> {
  switch (process.platform) {
    case 'win32':
      return start('rundll32.exe', ['url.dll,FileProtocolHandler', url])
    case 'darwin':
      return start('open', [url])
    default:
      return start('xdg-open', [url])
  }
}

/** Resolves when the program has started; it outlives this process. */
function start(program: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: 'ignore' })
    child.once('error', (cause) =>
      reject(new TagwrightError('no-program', `${program} does not start on this machine.`, { program }, { cause })),
    )
    child.once('spawn', () => {
      child.unref()
      resolve()
    })
  })
}
