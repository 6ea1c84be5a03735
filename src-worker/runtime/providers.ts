/**
 * Tries the execution providers: each runs a small training program whose losses and weights are compared with the CPU's
 * plain layout. Answers are kept in a file, because starting a GPU takes seconds and shaders are compiled each time.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { arch, availableParallelism, cpus, homedir, platform, release } from 'node:os'
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import type { ProviderProbe } from '@shared/contract/system'
import { writeAtomic } from '../files/write-atomic'
import { probeBlock } from './probe-block'
import { type ProbeRun, buildProbeProgram, compareRuns, runProbeProgram } from './probe-program'
import { type ConcreteProvider, runtimeVersion } from './session'

export const concreteProviders: readonly ConcreteProvider[] = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml']

/** Losses are about 1 and weights below it; three float32 steps in another order of sums differ by less than 1e-5. */
const TOLERANCE = 1e-3
/** Raised when the probe program or what is recorded changes. */
const FORMAT = 1

export interface ProbeOptions {
  /** Folder of the file of answers; null keeps none. */
  cacheDir: string | null
  providers?: readonly ConcreteProvider[]
  /** Probe again even if an answer is on file. */
  refresh?: boolean
}

interface Cache {
  key: string
  /** The provider that was being probed when this was written: still there afterwards means that it killed the process. */
  probing: ConcreteProvider | null
  probes: ProviderProbe[]
}

/** @returns one entry per provider asked for, in that order. Never throws because of a provider. */
export async function probeProviders({
  cacheDir,
  providers = concreteProviders,
  refresh = false,
}: ProbeOptions): Promise<ProviderProbe[]> {
  const key = machineKey()
  const file = cacheDir && join(cacheDir, 'providers.json')
  const cache = (file && (await readCache(file, key))) || { key, probing: null, probes: [] }
  const crashed = cache.probing
  if (refresh) cache.probes = []
  if (crashed && !refresh) put(cache, { ...unavailable(crashed), reason: crashReason(crashed) })
  let reference: ProbeRun | null = null
  for (const provider of providers) {
    if (cache.probes.some(({ id }) => id === provider)) continue
    await save({ ...cache, probing: provider })
    try {
      reference ??= await runProbeProgram(buildProbeProgram(0), { provider: 'cpu' })
      put(cache, await probe(provider, reference))
    } catch (error) {
      put(cache, { ...unavailable(provider), reason: error instanceof Error ? error.message : String(error) })
    }
  }
  await save({ ...cache, probing: null })
  return providers.map((provider) => cache.probes.find(({ id }) => id === provider)!)

  /** A cache that cannot be written costs time later, nothing else. */
  async function save(next: Cache): Promise<void> {
    if (!file) return
    try {
      await mkdir(cacheDir, { recursive: true })
      await writeAtomic(file, [JSON.stringify(next, null, 2)])
    } catch {
      await rm(file, { force: true }).catch(() => {})
    }
  }
}

async function probe(provider: ConcreteProvider, reference: ProbeRun): Promise<ProviderProbe> {
  const block = provider === 'cpu' ? await probeBlock() : 0
  const run = provider === 'cpu' && !block ? reference : await runProbeProgram(buildProbeProgram(block), { provider })
  const error = compareRuns(run, reference)
  const right = error <= TOLERANCE
  return {
    id: provider,
    available: right,
    reason: right
      ? null
      : `It computes other numbers than the CPU (difference ${error.toPrecision(2)}); it is not used. A newer driver may help.`,
    device: provider === 'cpu' ? (cpus()[0]?.model.trim() ?? null) : null,
    error: Number.isFinite(error) ? error : null,
    milliseconds: run.milliseconds,
  }
}

/** The fastest provider that computes the right numbers; the CPU where none is faster. */
export function chooseProvider(probes: readonly ProviderProbe[]): ConcreteProvider {
  const usable = probes.filter(({ available, milliseconds }) => available && milliseconds !== null)
  const best = usable.reduce<ProviderProbe | null>((a, b) => (a && a.milliseconds! <= b.milliseconds! ? a : b), null)
  return best?.id ?? 'cpu'
}

/** @throws `provider-unavailable` with the reason and what to do. */
export function requireProvider(probes: readonly ProviderProbe[], provider: ConcreteProvider): void {
  const found = probes.find(({ id }) => id === provider)
  if (found?.available) return
  const others = probes.filter(({ available }) => available).map(({ id }) => id)
  throw new TagwrightError(
    'provider-unavailable',
    `The ${provider} provider does not work on this machine: ${found?.reason ?? 'it was not tried'} Working here: ${others.join(', ') || 'none'}.`,
    { provider },
  )
}

/** Where answers are kept for this user: the system's place for files that may be deleted at any time. */
export function userCacheDir(): string {
  const { LOCALAPPDATA, XDG_CACHE_HOME } = process.env
  if (platform() === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'tagwright', 'cache')
  if (platform() === 'darwin') return join(homedir(), 'Library', 'Caches', 'tagwright')
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'tagwright')
}

/** Changes with the machine, its system, its drivers as far as they can be told, and the versions used. */
function machineKey(): string {
  const { VK_DRIVER_FILES = '', VK_ICD_FILENAMES = '', CUDA_VISIBLE_DEVICES = '' } = process.env
  const parts = [
    FORMAT,
    runtimeVersion(),
    process.versions.node,
    platform(),
    arch(),
    release(),
    cpus()[0]?.model ?? '',
    availableParallelism(),
    VK_DRIVER_FILES,
    VK_ICD_FILENAMES,
    CUDA_VISIBLE_DEVICES,
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}

async function readCache(file: string, key: string): Promise<Cache | null> {
  try {
    const cache = JSON.parse(await readFile(file, 'utf8')) as Cache
    return cache.key === key && Array.isArray(cache.probes) ? cache : null
  } catch {
    return null
  }
}

function put(cache: Cache, probe: ProviderProbe): void {
  cache.probes = [...cache.probes.filter(({ id }) => id !== probe.id), probe]
}

const unavailable = (id: ConcreteProvider): ProviderProbe => ({
  id,
  available: false,
  reason: null,
  device: null,
  error: null,
  milliseconds: null,
})
const crashReason = (provider: ConcreteProvider): string =>
  `The process ended while ${provider} was tried the last time; it is not used. "tagwright doctor" tries it again.`
