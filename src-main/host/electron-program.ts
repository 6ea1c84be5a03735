/** Where the Electron program is, in a checkout that has it; downloading it the first time. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasDesktop } from './reveal'

export interface ElectronSearch {
  /** Folder of the `electron` package. */
  folder: string
  /** May fetch the program, which takes a while; told before it begins. */
  onDownload(): void
  env?: NodeJS.ProcessEnv
  platform?: NodeJS.Platform
}
/** `reason` is one sentence for people. */
export type ElectronFound = { program: string } | { reason: string }

/** How long the download server may take to answer at all, ms: without it the browser host starts at once. */
const answerTimeout = 4000

export async function findElectron(search: ElectronSearch): Promise<ElectronFound> {
  const { folder, onDownload, env = process.env, platform = process.platform } = search
  if (!hasDesktop(env, platform)) return { reason: 'There is no display for a window of its own.' }
  if (platform === 'linux' && process.getuid?.() === 0) {
    return { reason: 'Electron does not start for the root user.' }
  }
  if (!existsSync(join(folder, 'install.js'))) return { reason: 'The electron package is not installed.' }
  const installed = installedElectron(folder)
  if (installed) return { program: installed }
  const problem = await downloadProblem(env)
  if (problem) return { reason: `The Electron program is not installed and cannot be downloaded (${problem}).` }
  onDownload()
  const code = await new Promise<number | null>((resolve) => {
    const child = spawn(process.execPath, [join(folder, 'install.js')], { stdio: ['ignore', 2, 'pipe'], env })
    child.once('error', () => resolve(null))
    child.once('close', resolve)
  })
  const program = installedElectron(folder)
  if (code === 0 && program) return { program }
  return { reason: 'The download of the Electron program failed; it is tried again at the next start.' }
}

function installedElectron(folder: string): string | null {
  try {
    const program = join(folder, 'dist', readFileSync(join(folder, 'path.txt'), 'utf8').trim())
    return existsSync(program) ? program : null
  } catch {
    return null
  }
}

/** null: the server answers, or only a proxy knows. */
async function downloadProblem(env: NodeJS.ProcessEnv): Promise<string | null> {
  if (env.HTTPS_PROXY || env.https_proxy || env.npm_config_https_proxy || env.ELECTRON_GET_USE_PROXY) return null
  const mirror =
    env.ELECTRON_MIRROR || env.npm_config_electron_mirror || 'https://github.com/electron/electron/releases/'
  try {
    await fetch(mirror, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(answerTimeout) })
    return null
  } catch {
    return `${new URL(mirror).host} does not answer`
  }
}
