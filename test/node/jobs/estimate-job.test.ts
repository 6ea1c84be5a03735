/** How long a run will take: measured once for each batch size, kept, and honest about what does not fit. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { StudioContracts } from '@shared/contract'
import type { Client } from '@shared/contract/rpc'
import type { Estimate } from '@shared/contract/training'
import { forkWorker } from '../../../src-main/host/fork-worker'
import { createStudio, type Studio } from '../../../src-main/host/studio'
import { bundle } from '../../helpers/bundle'
import { testPorts } from '../../helpers/test-ports'

let program: string
let folder: string
let studio: Studio
let api: Client<StudioContracts>
let workers: number

beforeAll(async () => {
  program = await bundle(resolve(import.meta.dirname, '../../helpers/fake-worker.ts'))
})
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-estimate-'))
  workers = 0
  const startWorker = () => {
    workers++
    return forkWorker(program)
  }
  studio = createStudio(testPorts({ startWorker }))
  api = studio.client()
  const store = await studio.init(join(folder, 'project'), {})
  const batch = store.beginImport({ source: folder, root: folder })
  batch.addLabels([{ key: 'boat', name: 'boat' }])
  const keys = Array.from({ length: 40 }, (_, i) => `${i}.jpg`)
  batch.addSamples(keys.map((key) => ({ key, path: key, width: 100, height: 80, split: 'train' as const })))
  batch.addAnnotations(
    keys.map((sample) => ({
      sample,
      label: 'boat',
      shape: { kind: 'box' as const, box: [10, 10, 34, 34] as [number, number, number, number] },
    })),
  )
  batch.finish()
})
afterEach(async () => {
  await studio.close()
  rmSync(folder, { recursive: true, force: true })
}, 120_000)

async function estimate(input: Parameters<typeof api.training.estimate>[0]): Promise<Estimate> {
  const { job } = await api.training.estimate(input)
  const { status, result, error } = await api.jobs.wait({ job })
  expect(error).toBeNull()
  expect(status).toBe('done')
  return result as Estimate
}

describe('an estimate', () => {
  test('tries batches until one does not fit, and takes the fastest per image', async () => {
    const found = await estimate({ recipe: {}, batches: [16, 8, 2, 32] })
    expect(found.batches.map(({ batch, seconds }) => [batch, seconds])).toEqual([
      [2, 0.2],
      [8, 0.5],
      [16, null],
    ])
    expect(found).toMatchObject({ provider: 'cpu', autoBatch: 8, epochs: 3, trainImages: 40, cached: false })
    expect(found.epochSeconds).toBeCloseTo((0.5 / 8) * 40, 9)
    expect(found.totalSeconds).toBeCloseTo((0.5 / 8) * 40 * 3, 9)
    expect(found.batches[1].memory).toBe(8e6)
  }, 300_000)

  test('is measured once for a setting', async () => {
    await estimate({ recipe: { batch: { size: 4 } } })
    expect(workers).toBe(1)
    expect(await estimate({ recipe: { batch: { size: 4 } } })).toMatchObject({ cached: true, autoBatch: 4 })
    expect(workers).toBe(1)
    expect(await estimate({ recipe: { batch: { size: 4 }, input: { size: 64 } } })).toMatchObject({ cached: false })
    expect(workers).toBe(2)
  }, 300_000)

  test('of images without a split counts those that the start will divide off to learn from', async () => {
    await api.samples.setSplit({ samples: { filter: {} }, split: null })
    expect(await estimate({ recipe: { batch: { size: 4 } } })).toMatchObject({ trainImages: 32 })
  }, 300_000)

  test('of slices comes from the objects', async () => {
    expect(await api.runs.suggestSlice({})).toEqual({ size: 480, side: 24, objects: 40 })
    const { run } = await api.runs.start({ recipe: { input: { size: 128 } } })
    expect((await api.runs.suggestSlice({ run })).size).toBe(128)
  }, 300_000)
})
