import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { availableParallelism } from 'node:os'

/** What `scripts/bench.mjs` hands to a benchmark's `run`. */
export interface BenchContext {
  /** The project's root folder. */
  root: string
  /** Everything after `--`. */
  args: string[]
  /** Print exactly one JSON document on stdout; everything else goes to stderr. */
  json: boolean
}

/** Where figures were measured: they mean nothing without it. */
export interface Machine {
  cpu: string
  /** Cores this process may use. */
  cores: number
  memoryGiB: number
  system: string
  node: string
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${process.arch}`,
    node: process.versions.node,
  }
}

/** A sentence when other work keeps the machine busy (one-minute load above half a core), else ''. */
export function describeLoad(): string {
  const [load] = loadavg()
  if (load <= 0.5) return ''
  return `The machine is busy (load ${load.toFixed(1)}): figures are lower than on an idle one; ratios suffer less.`
}

/** Value of `--name value` or `--name=value`, else `fallback`. */
export function readOption(args: string[], name: string, fallback: string): string {
  const at = args.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`))
  if (at < 0) return fallback
  const arg = args[at]
  return arg.includes('=') ? arg.slice(arg.indexOf('=') + 1) : (args[at + 1] ?? fallback)
}

/** Median of a non-empty list. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
