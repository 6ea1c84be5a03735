/** The command line: a client of the same contract as every window. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import { TagwrightError, toErrorShape, type ErrorShape } from '@shared/base/errors'
import { version } from '../../package.json'
import { forkWorker } from '../host/fork-worker'
import { systemReveal } from '../host/reveal'
import { userFolders } from '../store/user-folders'
import { adviseCommand } from './cli/advise-command'
import type { CliContext } from './cli/context'
import { demoCommand } from './cli/demo-command'
import { denoiseCommand } from './cli/denoise-command'
import { machineCommands } from './cli/machine-commands'
import { modelCommands } from './cli/model-commands'
import { projectCommands } from './cli/project-commands'
import { reportCommands } from './cli/report-commands'
import { runCommands } from './cli/run-commands'
import { startCommand } from './cli/start-command'
import { weightsCommands } from './cli/weights-commands'

const exit = { ok: 0, failed: 1, usage: 2, cancelled: 3 }
/** What the caller can only mend by calling differently. */
const usageCodes = new Set(['usage', 'bad-input', 'bad-recipe', 'bad-option', 'unknown-id', 'ambiguous-format', 'class-map-needed']) // prettier-ignore

const argv = process.argv.slice(2)
const isJson = argv.includes('--json')
const isDebug = Boolean(process.env.TAGWRIGHT_DEBUG)
const controller = new AbortController()
let answered = false
const warned = new Set<string>()

const cli: CliContext = {
  ports: {
    host: 'cli',
    version,
    nativeDialogs: false,
    ui: join(import.meta.dirname, '../renderer'),
    readThread: join(import.meta.dirname, 'read-thread.js'),
    folders: userFolders(),
    reveal: systemReveal(),
    startsQueuedJobs: false,
    startWorker: () => forkWorker(join(import.meta.dirname, 'worker.js')),
    log: (level, message) => {
      if (isDebug || level === 'error') process.stderr.write(`[${level}] ${message}\n`)
    },
  },
  root: join(import.meta.dirname, '../..'),
  signal: controller.signal,
  answer(_command, document, print) {
    answered = true
    const text = isJson ? JSON.stringify(document, null, 2) : [print()].flat().join('\n')
    process.stdout.write(`${text}\n`)
  },
  note(message) {
    // What a job warns of while it runs may be part of its answer too.
    if (message.startsWith('Warning: ')) {
      if (warned.has(message)) return
      warned.add(message)
    }
    process.stderr.write(`${message}\n`)
  },
}

const program = new Command('tagwright')
  .description('Annotate images, train a detector, review predictions and export ONNX.')
  .version(version, '-v, --version')
  .configureOutput({ outputError: () => {} })
  .addHelpText(
    'after',
    '\nExamples:\n  $ tagwright start\n  $ tagwright ~/photos classes.txt\n  $ tagwright demo\n  $ tagwright init cells && tagwright import cells ./images && tagwright train cells',
  )
  .exitOverride()
for (const command of [
  ...projectCommands(cli),
  ...runCommands(cli),
  ...adviseCommand(cli),
  ...modelCommands(cli),
  denoiseCommand(cli),
  ...reportCommands(cli),
  startCommand(cli),
  demoCommand(cli),
  ...weightsCommands(cli),
  ...machineCommands(cli),
]) {
  program.addCommand(command.copyInheritedSettings(program))
  for (const part of command.commands) part.copyInheritedSettings(program)
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (controller.signal.aborted) process.exit(exit.cancelled)
    if (name === 'SIGINT') cli.note('\nStopping after this step; Ctrl-C again ends at once.')
    controller.abort(new TagwrightError('cancelled', 'Cancelled.'))
  })
}
// Whoever reads the output may stop reading: `tagwright runs p | head -1`.
process.stdout.on('error', () => process.exit(exit.ok))

process.exitCode = await main()
// Handles of libraries must not keep an answered command alive; what was printed is flushed first.
process.stdout.write('', () => process.exit())

async function main(): Promise<number> {
  try {
    await program.parseAsync(withCommand(argv), { from: 'user' })
    return typeof process.exitCode === 'number' ? process.exitCode : exit.ok
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exit.ok
    if (
      error instanceof CommanderError &&
      (error.code === 'commander.help' || error.code === 'commander.helpDisplayed')
    ) {
      return exit.usage
    }
    return report(error)
  }
}

/** `tagwright <image-or-folder> [class-file] [save-folder]`, as LabelImg is started: the first word is a path, no command. */
function withCommand(words: string[]): string[] {
  const [first] = words
  const isPath = first !== undefined && !first.startsWith('-') && existsSync(resolve(first))
  return isPath && !program.commands.some((command) => command.name() === first) ? ['start', ...words] : words
}

/** The parser writes `unknown command 'infoo'\n(Did you mean info?)`. */
function asSentence(text: string): string {
  const line = text.replace(/\s*\n\s*/g, '. ').replace(/\((Did you mean .*\?)\)$/, '$1')
  return /[.?!]$/.test(line) ? line : `${line}.`
}

function report(error: unknown): number {
  const shape: ErrorShape =
    error instanceof CommanderError
      ? { code: 'usage', message: `${asSentence(error.message.replace(/^error: /, ''))} Add --help for the usage.` }
      : toErrorShape(error)
  if (isJson && !answered) process.stdout.write(`${JSON.stringify({ error: shape }, null, 2)}\n`)
  else process.stderr.write(`${shape.code === 'cancelled' ? '' : 'Error: '}${shape.message}\n`)
  if (shape.code === 'internal' && isDebug) console.error(error)
  if (shape.code === 'cancelled') return exit.cancelled
  return usageCodes.has(shape.code) ? exit.usage : exit.failed
}
