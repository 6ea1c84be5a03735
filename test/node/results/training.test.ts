/** What is said before a run: health of the data, near duplicates, recipes, models, a measured step. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import type { Health, ModelInfo } from '@shared/contract/training'
import { findDuplicatesJob } from '../../../src-main/jobs/find-duplicates-job'
import { createTrainingService } from '../../../src-main/services/training'
import { divideUndivided } from '../../../src-main/store/assign-splits'
import { initStore, type Store } from '../../../src-main/store/store'
import { chooseSamples } from '../../../src-worker/train/epoch-samples'
import { measureStep } from '../../../src-worker/train/measure-step'
import { overContract, serviceDeps } from '../../helpers/job-deps'
import { silentReport } from '../../helpers/silent-report'

let dir: string
let store: Store
let training: ReturnType<typeof overContract<'training'>>
const queue = () => {
  throw new Error('no queue in this test')
}
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tagwright-health-'))
  store = initStore(join(dir, 'p'))
  training = overContract(
    'training',
    createTrainingService(
      serviceDeps(() => store),
      queue,
    ),
  )
})
afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true, force: true })
})
const codes = async (input: object = {}) => {
  const { findings } = (await training('health', input)) as Health
  return findings.map(({ code }) => code)
}

describe('health of the data', () => {
  it('names what is missing, worst first', async () => {
    expect(await codes()).toEqual(['no-labels', 'no-train', 'no-eval'])
  })

  it('promises a division where no image has a split, and a training keeps the promise once', async () => {
    const batch = store.beginImport({ source: dir, root: dir })
    batch.addSamples(Array.from({ length: 20 }, (_, i) => ({ key: `${i}`, path: `${i}.jpg`, width: 100, height: 80 })))
    batch.finish()
    expect(await codes()).toEqual(['no-labels', 'undivided'])
    const divided = divideUndivided(store)!
    expect(divided).toMatchObject({ train: 16, val: 2, test: 2 })
    expect(divideUndivided(store)).toBeNull()
    expect(await codes()).not.toContain('undivided')
    store.undo()
    expect(await codes()).toContain('undivided')
  })

  it('says of splits whose files are gone that they are gone, with what another language needs to say it', async () => {
    const batch = store.beginImport({ source: dir, root: dir })
    const splits = ['train', 'train', 'val'] as const
    batch.addSamples(splits.map((split, i) => ({ key: `${i}`, path: `${i}.jpg`, split, state: 'missing' as const })))
    batch.finish()
    const { findings } = (await training('health', {})) as Health
    expect(findings.find(({ code }) => code === 'no-train')).toMatchObject({
      message: 'No usable image is in the split train: 2 are missing or cannot be read.',
      advice: 'Relink or restore the files.',
      key: 'no-train-files',
      values: { splits: ['train'], missing: 2 },
    })
    expect(findings.find(({ code }) => code === 'no-eval')!.message).toBe(
      'No usable image is in the split val: 1 is missing or cannot be read.',
    )
  })

  it('measures, draws and advises for the task of the project, which a recipe need not name', async () => {
    store.close()
    store = initStore(join(dir, 'denoise'), { task: 'denoise' })
    const asked: { kind: string; params: { recipe: object } }[] = []
    const listening = overContract('training', createTrainingService(serviceDeps(() => store), () => ({ add: (kind: string, params: { recipe: object }) => (asked.push({ kind, params }), { id: 1 }) }) as never)) // prettier-ignore
    await listening('estimate', { recipe: { epochs: 2 } })
    await listening('preview', { recipe: { epochs: 2 } })
    expect(asked.map(({ kind, params }) => [kind, params.recipe])).toEqual([
      ['estimate', { task: 'denoise', epochs: 2 }],
      ['preview', { task: 'denoise', epochs: 2 }],
    ])
    expect(await listening('advise', { recipe: {} })).toMatchObject({ amount: 'large', trial: null })
  })

  it('counts classes in each split, and says nothing about data that is as it should be', async () => {
    const batch = store.beginImport({ source: dir, root: dir })
    batch.addLabels(['ship', 'buoy', 'rare', 'never'].map((name) => ({ key: name, name })))
    const keys = Array.from({ length: 100 }, (_, i) => `${i}.jpg`)
    const splitOf = (i: number) => (i < 60 ? 'train' : i < 90 ? 'val' : undefined)
    batch.addSamples(
      keys.map((key, i) => ({ key, path: key, width: 100, height: 80, ...(splitOf(i) ? { split: splitOf(i)! } : {}) })),
    )
    const box = (sample: string, label: string) => ({
      sample,
      label,
      shape: { kind: 'box' as const, box: [1, 1, 20, 20] as [number, number, number, number] },
    })
    batch.addAnnotations(keys.slice(1).flatMap((key) => Array.from({ length: 10 }, () => box(key, 'ship'))))
    batch.addAnnotations(
      keys
        .slice(0, 90)
        .filter((_, i) => i > 0 && i % 3 === 0)
        .map((key) => box(key, 'buoy')),
    )
    batch.addAnnotations(keys.slice(1, 5).map((key) => box(key, 'rare')))
    batch.finish()
    const { findings, images, labels } = (await training('health', {})) as Health
    expect(images).toEqual({ train: 60, val: 30, test: 0, none: 10 })
    expect(labels.map(({ name, train, val, none }) => [name, train, val, none])).toEqual([
      ['ship', 590, 300, 100],
      ['buoy', 19, 10, 0],
      ['rare', 4, 0, 0],
      ['never', 0, 0, 0],
    ])
    expect(findings.map(({ code, level }) => [code, level])).toEqual([
      ['empty-class', 'warning'],
      ['few-objects', 'warning'],
      ['unlabelled', 'warning'],
      ['unassigned', 'advice'],
      ['few-eval-objects', 'advice'],
    ])
    expect(findings.find(({ code }) => code === 'unlabelled')).toMatchObject({ count: 1, samples: [1] })
    expect(findings.find(({ code }) => code === 'empty-class')?.message).toContain('never')
    expect(await codes({ evalSplit: 'train' })).toContain('eval-is-train')
  })

  it('says of classes that an image has one, and which have several or none', async () => {
    store.close()
    store = initStore(join(dir, 'classes'), { task: 'classify' })
    const batch = store.beginImport({ source: dir, root: dir })
    batch.addLabels(['ship', 'buoy'].map((name) => ({ key: name, name })))
    const keys = ['a', 'b', 'c', 'd']
    batch.addSamples(keys.map((key) => ({ key, path: `${key}.jpg`, width: 100, height: 80, split: 'train' as const })))
    const tag = (sample: string, label: string) => ({ sample, label, shape: { kind: 'tag' as const } })
    // The same class twice is one.
    batch.addAnnotations([tag('a', 'ship'), tag('a', 'buoy'), tag('b', 'ship'), tag('b', 'ship'), tag('c', 'buoy')])
    batch.finish()
    const { findings } = (await training('health', {})) as Health
    expect(findings.find(({ code }) => code === 'several-classes')).toMatchObject({ level: 'warning', count: 1, samples: [1] }) // prettier-ignore
    expect(findings.find(({ code }) => code === 'unlabelled')).toMatchObject({ count: 1, samples: [4] })
    expect(findings.find(({ code }) => code === 'unlabelled')?.message).toContain('left out')
  })

  it('finds files that are in two splits, and images that are nearly equal', async () => {
    const picture = async (name: string, seed: number, change = 0) => {
      const source = rng('picture', seed)
      const data = Buffer.from(Array.from({ length: 9 * 8 * 3 }, () => source.int(40, 200)))
      if (change) data[0] = Math.min(255, data[0] + change)
      await sharp(data, { raw: { width: 9, height: 8, channels: 3 } })
        .resize(180, 160, { kernel: 'nearest' })
        .png()
        .toFile(join(dir, name))
    }
    await picture('a.png', 1)
    await picture('b.png', 1)
    await picture('c.png', 1, 3)
    await picture('d.png', 2)
    const batch = store.beginImport({ source: dir, root: dir })
    const splits = { 'a.png': 'train', 'b.png': 'val', 'c.png': 'train', 'd.png': 'val' } as const
    batch.addSamples(Object.entries(splits).map(([key, split]) => ({ key, path: key, split, width: 180, height: 160 })))
    batch.finish()
    expect(((await training('health', {})) as Health).unhashed).toBe(4)
    const job = findDuplicatesJob(serviceDeps(() => store))
    const context = { id: 1, signal: new AbortController().signal, report: () => {}, log: () => {} }
    const found = await job.run({}, context)
    expect(found.pairs.map(({ a, b, identical }) => [a, b, identical])).toEqual([
      [1, 2, true],
      [1, 3, false],
      [2, 3, false],
    ])
    expect(found.acrossSplits).toBe(2)
    expect(found.findings.map(({ code, count }) => [code, count])).toEqual([['near-leakage', 3]])
    const health = (await training('health', {})) as Health
    expect(health.unhashed).toBe(0)
    expect(health.findings.find(({ code }) => code === 'leakage')).toMatchObject({ level: 'problem', samples: [1, 2] })
  })
})

describe('recipes', () => {
  it('are saved, listed, compared and removed by name', async () => {
    await training('saveRecipe', { name: 'small objects', recipe: { input: { size: 640 } } })
    const { recipes } = (await training('recipes', {})) as { recipes: { name: string; recipe: unknown }[] }
    expect(recipes).toMatchObject([{ name: 'small objects', recipe: { input: { size: 640 } } }])
    expect(await training('diff', { a: {}, b: { input: { size: 640 } } })).toEqual({
      keys: [{ key: 'input.size', a: 320, b: 640 }],
    })
    for (const name of ['../x', '.hidden', 'a/b', ''])
      await expect(training('saveRecipe', { name, recipe: {} })).rejects.toThrow()
    await expect(training('saveRecipe', { name: 'x', recipe: { epoch: 3 } })).rejects.toMatchObject({
      code: 'bad-recipe',
    })
    await training('removeRecipe', { name: 'small objects' })
    await expect(training('removeRecipe', { name: 'small objects' })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('have models whose cost is known for the project and size', async () => {
    const { models } = (await training('models', { size: 64, classes: 3 })) as { models: ModelInfo[] }
    expect(models.map(({ id }) => id)).toContain('yolox-nano')
    expect(models.every(({ parameters, gmacs }) => parameters > 1e5 && gmacs > 0)).toBe(true)
  })
})

describe('a step', () => {
  it('is measured with its memory', async () => {
    const recipe = { input: { size: 64 }, provider: 'cpu', epochs: 7 }
    const measured = await measureStep({ recipe, images: 20, classes: 3, batch: 1 }, { report: silentReport().report })
    expect(measured).toMatchObject({ provider: 'cpu', epochs: 7 })
    expect(measured.seconds).toBeGreaterThan(0)
    expect(measured.memory).toBeGreaterThan(1e7)
  }, 120_000)
})

describe('samples shown after each epoch', () => {
  it('are the same for the same data, and show as many classes as they can', () => {
    const samples = Array.from({ length: 50 }, (_, i) => ({
      id: i + 1,
      file: '',
      name: '',
      width: 1,
      height: 1,
      split: 'val' as const,
      cocoImageId: i,
      annotations: [{ id: i, label: i < 46 ? 0 : i - 45, shape: { kind: 'tag' as const }, flags: { difficult: false, truncated: false, occluded: false, crowd: false }, area: 0 }], // prettier-ignore
    }))
    const chosen = chooseSamples(samples, 5, 0, 6)
    expect(chosen).toHaveLength(6)
    expect(new Set(chosen.flatMap(({ annotations }) => annotations.map(({ label }) => label)))).toEqual(
      new Set([0, 1, 2, 3, 4]),
    )
    expect(chooseSamples([...samples].reverse(), 5, 0, 6)).toEqual(chosen)
    expect(chooseSamples(samples, 5, 1, 6)).not.toEqual(chosen)
    expect(chooseSamples(samples.slice(0, 3), 5, 0, 6)).toHaveLength(3)
  })
})
