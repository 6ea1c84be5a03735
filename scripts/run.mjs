// Builds when a source is newer than out/, then runs the command line with the given arguments. Used by `npm start` and
// `npm run -s tagwright --`. Says nothing on stdout itself: with --json the one document there is the command's.
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildIfOlder } from './build-if-older.mjs'

const root = resolve(import.meta.dirname, '..')
try {
  buildIfOlder(root)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
// npm changes into the project's folder; paths are meant from where the command was typed.
if (process.env.INIT_CWD && process.cwd() === root) process.chdir(process.env.INIT_CWD)
const program = join(root, 'bin/tagwright.js')
process.argv[1] = program
await import(pathToFileURL(program).href)
