import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

export const cliFile = resolve(import.meta.dirname, '../../bin/tagwright.js')

export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
  /** stdout as one JSON document; throws when it is not exactly one. */
  json(): never
}

export interface CliOptions {
  cwd?: string
  /** Called with everything on stderr so far; send signals from here. */
  onStderr?(text: string, kill: (signal: NodeJS.Signals) => void): void
}

/** Runs the built command line as a person would. */
export function runCli(args: string[], { cwd, onStderr }: CliOptions = {}): Promise<CliResult> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [cliFile, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (text) => (stdout += text))
    child.stderr.on('data', (text) => {
      stderr += text
      onStderr?.(stderr, (signal) => void child.kill(signal))
    })
    child.on('error', fail)
    child.on('close', (code) => done({ code, stdout, stderr, json: () => JSON.parse(stdout) as never }))
  })
}
