import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ProviderProbe } from '@shared/contract/system'
import { chooseProvider, probeProviders, requireProvider } from '../../../src-worker/runtime/providers'
import { openSession } from '../../../src-worker/runtime/session'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-providers-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const entry = (id: ProviderProbe['id'], milliseconds: number | null): ProviderProbe => ({
  id,
  available: milliseconds !== null,
  reason: milliseconds === null ? 'No adapter.' : null,
  device: null,
  error: milliseconds === null ? null : 1e-6,
  milliseconds,
})
/** What this build of the runtime does not contain. */
const foreign = (
  { linux: ['dml', 'coreml'], win32: ['coreml'], darwin: ['dml', 'cuda'] } as Record<string, ProviderProbe['id'][]>
)[process.platform]

describe('probeProviders', () => {
  it('runs the training program on the CPU and finds the numbers of the plain layout', async () => {
    const [cpu] = await probeProviders({ cacheDir: null, providers: ['cpu'] })
    expect(cpu).toMatchObject({ id: 'cpu', available: true, reason: null })
    expect(cpu.error).toBeLessThan(1e-4)
    expect(cpu.milliseconds).toBeGreaterThan(0)
    expect(cpu.device).toBeTruthy()
  })

  it('says of providers that this build does not contain where they work', async () => {
    for (const probe of await probeProviders({ cacheDir: null, providers: foreign })) {
      expect(probe.available).toBe(false)
      expect(probe.reason).toMatch(
        new RegExp(
          `^The ${probe.id} provider is not part of ONNX Runtime for ${process.platform} .* it works on .* Choose one of .*cpu`,
        ),
      )
    }
  })

  it('answers from the file until the machine or a version changes', async () => {
    const file = join(folder, 'providers.json')
    await probeProviders({ cacheDir: folder, providers: foreign.slice(0, 1) })
    const stored = JSON.parse(readFileSync(file, 'utf8'))
    expect(stored.probing).toBeNull()
    stored.probes = [entry(foreign[0], 1)]
    writeFileSync(file, JSON.stringify(stored))
    expect(await probeProviders({ cacheDir: folder, providers: foreign.slice(0, 1) })).toEqual([entry(foreign[0], 1)])
    expect(
      (await probeProviders({ cacheDir: folder, providers: foreign.slice(0, 1), refresh: true }))[0].available,
    ).toBe(false)
    writeFileSync(file, JSON.stringify({ ...stored, key: 'another machine' }))
    expect((await probeProviders({ cacheDir: folder, providers: foreign.slice(0, 1) }))[0].available).toBe(false)
    writeFileSync(file, 'not JSON')
    expect((await probeProviders({ cacheDir: folder, providers: foreign.slice(0, 1) }))[0].available).toBe(false)
  })

  it('does not try again what ended the process the last time, until it is asked to', async () => {
    const file = join(folder, 'providers.json')
    await probeProviders({ cacheDir: folder, providers: foreign.slice(0, 1) })
    const { key } = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ key, probing: 'cpu', probes: [] }))
    const [refused] = await probeProviders({ cacheDir: folder, providers: ['cpu'] })
    expect(refused).toMatchObject({
      available: false,
      reason: expect.stringMatching(/process ended while cpu was tried.*tagwright doctor/),
    })
    const [again] = await probeProviders({ cacheDir: folder, providers: ['cpu'], refresh: true })
    expect(again.available).toBe(true)
  })
})

describe('chooseProvider', () => {
  it('takes the fastest that works, and the CPU when nothing does', () => {
    expect(chooseProvider([entry('cpu', 20), entry('webgpu', 5), entry('cuda', null)])).toBe('webgpu')
    expect(chooseProvider([entry('cpu', 20), entry('webgpu', 500)])).toBe('cpu')
    expect(chooseProvider([entry('cpu', 20), entry('webgpu', 20)])).toBe('cpu')
    expect(chooseProvider([entry('webgpu', null)])).toBe('cpu')
  })
})

describe('requireProvider', () => {
  it('names the reason and what works', () => {
    expect(() => requireProvider([entry('cpu', 20), entry('cuda', null)], 'cuda')).toThrow(
      expect.objectContaining({
        code: 'provider-unavailable',
        message: 'The cuda provider does not work on this machine: No adapter. Working here: cpu.',
      }),
    )
    expect(() => requireProvider([entry('cpu', 20)], 'cpu')).not.toThrow()
  })
})

describe('openSession', () => {
  it.each(foreign)('refuses %s with the place where it works', async (provider) => {
    await expect(openSession(new Uint8Array(8), { provider })).rejects.toMatchObject({ code: 'provider-unavailable' })
  })

  it.runIf(process.platform === 'linux')(
    'refuses CUDA where its libraries are missing, with the next step',
    async () => {
      const [probe] = await probeProviders({ cacheDir: null, providers: ['cuda'] })
      if (!probe.available)
        expect(probe.reason).toMatch(
          /^The cuda provider (lacks libraries on this machine|is not part of|cannot be started)/,
        )
    },
  )

  it('calls bytes that are no model a bad model', async () => {
    await expect(openSession(Uint8Array.of(1, 2, 3), { provider: 'cpu' })).rejects.toMatchObject({ code: 'bad-model' })
  })
})
