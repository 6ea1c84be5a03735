/** What every command works with: where answers go, how it is cancelled, how it reaches a core. */
import type { Command } from 'commander'
import { connectProject, startCore, type Core } from '../../host/connect'
import type { Ports } from '../../host/ports'

export interface CliContext {
  ports: Ports
  /** Folder of the product: package.json, bin, out. */
  root: string
  /** Aborts at the first Ctrl-C. */
  signal: AbortSignal
  /** The answer: with `--json` the document, else what `print` writes. Once a command. */
  answer(command: Command, document: unknown, print: () => string | readonly string[]): void
  /** For people only: stderr, never with `--json` unless it is a warning. */
  note(message: string): void
}

export type Api = Core['api']

/** Runs `work` on the project, opened here or in the process that owns it. */
export async function withProject<T>(cli: CliContext, folder: string, work: (api: Api) => Promise<T>): Promise<T> {
  const core = await connectProject(cli.ports, folder)
  const { signal } = cli
  try {
    return await work(core.api)
  } finally {
    await core.close({
      signal,
      onWait: () => cli.note('Waiting for jobs that other commands started here; Ctrl-C interrupts them.'),
    })
  }
}

/** Runs `work` without a project. */
export async function withoutProject<T>(cli: CliContext, work: (api: Api) => Promise<T>): Promise<T> {
  const core = startCore(cli.ports)
  try {
    return await work(core.api)
  } finally {
    await core.close()
  }
}
