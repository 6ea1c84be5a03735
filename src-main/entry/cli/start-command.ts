/** start: the window, in Electron or in a browser; also LabelImg's command line. */
import { spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { TagwrightError } from '@shared/base/errors'
import { findElectron } from '../../host/electron-program'
import type { Listener } from '../../host/listen'
import { hasDesktop, openInBrowser } from '../../host/reveal'
import { createStudio, ProjectOwned, type Studio } from '../../host/studio'
import { projectFileName } from '../../store/store'
import type { CliContext } from './context'
import { defineCommand, integer } from './define-command'

interface StartOptions {
  port: number
  browser: boolean
  open: boolean
}

/** Found under the same port at each start, where it is free: bookmarks and tunnels stay good. */
const usualPort = 8740
/** An Electron that ends sooner with an error has not shown a window, ms. */
const startTime = 15_000

export const startCommand = (cli: CliContext): Command =>
  defineCommand(
    'start [path] [class-file] [save-folder] [options]',
    'Open the window: on a project, a folder or an image.',
    [
      'start',
      'start harbour                             (a project)',
      'start ~/photos                            (a folder of images; "tagwright ~/photos" does the same)',
      'start ~/photos classes.txt ~/annotations  (as labelImg ~/photos classes.txt ~/annotations)',
      'start --browser --port 8740               (then tunnel: ssh -L 8740:localhost:8740 workstation)',
    ],
  )
    .argument('[path]', 'project, folder of images, or one image')
    .argument('[class-file]', 'class names, one a line; their order is kept')
    .argument('[save-folder]', 'folder that annotation files are written to on every change')
    .option('--browser', 'use the system browser instead of Electron', false)
    .option('--port <n>', 'port of the browser host', integer(0, 65535), usualPort)
    .option('--no-open', 'only print the address')
    .action(async (...[path, classFile, saveFolder, options, command]: StartArguments) => {
      const paths = checkPaths(path, classFile, saveFolder)
      if (!options.browser && options.open) {
        const problem = await startElectron(cli, paths)
        if (problem === null) return cli.answer(command, { host: 'electron' }, () => [])
        cli.note(`${problem} The window opens in the browser instead.`)
      }
      await startBrowserHost(cli, command, paths, options)
    })
type StartArguments = [string | undefined, string | undefined, string | undefined, StartOptions, Command]

/** Absolute paths, existing ones. */
function checkPaths(path?: string, classFile?: string, saveFolder?: string): string[] {
  const given = [path, classFile, saveFolder].filter((one) => one !== undefined).map((one) => resolve(one))
  // A save folder is made when it is not there.
  for (const [i, one] of given.slice(0, 2).entries()) {
    if (existsSync(one)) continue
    const what = i === 0 ? 'project, folder or image' : 'class file'
    throw new TagwrightError('not-found', `There is no ${what} at ${one}. Check the path.`, { path: one })
  }
  return given
}

const isProject = (path: string): boolean =>
  basename(path) === projectFileName || existsSync(join(path, projectFileName))

/** null: it ran and was closed. Else why there is no window. */
async function startElectron(cli: CliContext, paths: string[]): Promise<string | null> {
  const { root } = cli
  const found = await findElectron({
    folder: join(root, 'node_modules/electron'),
    onDownload: () => cli.note('Downloading Electron, once; about 100 MB...'),
  })
  if ('reason' in found) return found.reason
  const begun = performance.now()
  const child = spawn(found.program, [root, ...paths], { stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', (text) => (output = (output + text).slice(-2000)))
  const stop = () => void child.kill()
  cli.signal.addEventListener('abort', stop)
  const code = await new Promise<number | string | null>((end) => {
    child.once('error', ({ message }) => end(message))
    child.once('close', (code, signal) => end(code ?? signal))
  })
  cli.signal.removeEventListener('abort', stop)
  if (code === 0 || cli.signal.aborted || performance.now() - begun > startTime) return null
  const line = output.split('\n').find((text) => /error|fatal|sandbox|librar/i.test(text))
  return `Electron ended at once (${code})${line ? `: ${line.trim()}` : '.'}`
}

async function startBrowserHost(
  cli: CliContext,
  command: Command,
  paths: string[],
  { port, open }: StartOptions,
): Promise<void> {
  const studio = createStudio({ ...cli.ports, host: 'browser', startsQueuedJobs: true })
  try {
    const listener = await listenSomewhere(cli, studio, port)
    const hash = await openPath(cli, studio, paths)
    const withHash = (url: string) => url + hash
    const url = withHash(listener.url)
    cli.answer(command, { host: 'browser', url, port: listener.port, project: studio.store()?.folder ?? null }, () => [
      url,
      'Ctrl-C ends it.',
    ])
    if (open && hasDesktop()) {
      await openInBrowser(withHash(listener.ticketUrl())).catch(() => cli.note('Open the address in a browser.'))
    }
    if (!cli.signal.aborted) await new Promise((end) => cli.signal.addEventListener('abort', end))
  } catch (error) {
    if (!(error instanceof ProjectOwned)) throw error
    const url = String(error.details?.url)
    cli.note(`The project is open in process ${error.owner.pid} already; this is the address of its window.`)
    cli.answer(command, { host: 'browser', url, project: error.details?.folder, pid: error.owner.pid }, () => url)
    if (open && hasDesktop()) await openInBrowser(url).catch(() => {})
  } finally {
    await studio.close()
  }
}

async function listenSomewhere(cli: CliContext, studio: Studio, port: number): Promise<Listener> {
  try {
    return await studio.listen({ port })
  } catch (error) {
    if (!(error instanceof TagwrightError) || error.code !== 'port-taken') throw error
    const listener = await studio.listen({ port: 0 })
    cli.note(`Port ${port} is in use; this time it is ${listener.port}.`)
    return listener
  }
}

/** Opens what was named. Answers where the window begins: a hash of its address. */
async function openPath(
  cli: CliContext,
  studio: Studio,
  [path, classFile, saveFolder]: readonly (string | undefined)[],
): Promise<string> {
  if (path === undefined) return ''
  if (isProject(path) && classFile === undefined) {
    await studio.open(path)
    return '#label'
  }
  const file = statSync(path).isFile() && path.endsWith('.tagwright')
  if (file) throw new TagwrightError('not-a-project', `${path} is not a project file. Open its folder.`, { path })
  const { sample, warnings } = await studio.client().folders.open({
    path,
    classFile: classFile ?? null,
    saveFolder: saveFolder ?? null,
  })
  for (const { message } of warnings) cli.note(`Warning: ${message}`)
  return sample === null ? '#label' : `#label?sample=${sample}`
}
