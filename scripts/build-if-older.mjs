import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const sources = ['src-shared', 'src-main', 'src-worker', 'src-renderer', 'resources']
const settings = ['electron.vite.config.ts', 'package-lock.json', 'tsconfig.base.json']

/** Newest modification time (ms) of a file, or of all files and folders below a folder; 0 when it is not there. */
function newest(path) {
  if (!existsSync(path)) return 0
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  // The folder's own time counts too: a deleted source must also lead to a build.
  return readdirSync(path).reduce((time, name) => Math.max(time, newest(join(path, name))), mtimeMs)
}

/** True when `out/` is absent or older than any source it is built from. */
export function isOutdated(root) {
  const built = join(root, 'out/main/cli.js')
  if (!existsSync(built)) return true
  const { mtimeMs } = statSync(built)
  return [...sources, ...settings].some((name) => newest(join(root, name)) > mtimeMs)
}

/**
 * Builds every entry with electron-vite when `out/` is older than the sources; about a second when there is work.
 * Output goes to stderr so that `--json` commands keep stdout to themselves.
 * @returns whether a build ran
 * @throws Error with the build's own output when it fails
 */
export function buildIfOlder(root = resolve(import.meta.dirname, '..')) {
  if (!isOutdated(root)) return false
  const { status, error, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/electron-vite/bin/electron-vite.js'), 'build'],
    { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  )
  if (status === 0) return true
  throw new Error(
    `The build failed with ${error?.message ?? `exit code ${status}`}; mend the source it names:\n${stdout ?? ''}${stderr ?? ''}`,
  )
}
