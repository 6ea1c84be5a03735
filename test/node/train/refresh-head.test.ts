/** Rounds of training while labelling: the loss falls, only new images are computed, and the head alone changes. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { predictKept, refreshHead } from '../../../src-worker/train/refresh-head'
import { readCheckpoint } from '../../../src-worker/train/checkpoint'
import { makeRun, type MadeRun } from '../../helpers/made-run'
import { silentReport } from '../../helpers/silent-report'

let folder: string
let run: MadeRun
const host = () => ({
  report: silentReport().report as never,
  signal: new AbortController().signal,
  threadFile: null,
  loaderThreads: 0,
})
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'refresh-head-'))
  run = await makeRun(folder, { images: 6, size: 64 })
  mkdirSync(join(folder, 'assist'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('learns from new labels with a model that stays open', async () => {
  const runDir = join(folder, 'assist')
  const [first, ...rest] = run.samples
  const input = {
    runDir,
    recipe: {
      model: { id: 'yolox-nano' },
      input: { size: 64 },
      freeze: ['backbone.backbone'],
      augment: [{ id: 'flip' }],
      loss: { closeEpochs: 0 },
      schedule: { id: 'constant', warmup: 0 },
      averages: { ema: { decay: 0.95, tau: 10 } },
      epochs: 1,
      batch: { size: 2 },
      features: { variants: 2 },
      provider: 'cpu',
    },
    weights: join(run.runDir, 'best.ckpt'),
    labels: run.labels,
    seconds: 0.3,
    images: [{ id: 5, file: rest[4].file }],
  }
  const one = await refreshHead({ ...input, samples: [first, rest[0]] }, host())
  expect(one).toMatchObject({ images: 2, computed: 2 })
  expect(one.steps).toBeGreaterThanOrEqual(8)
  expect(one.detections).toMatchObject([{ image: 5, width: rest[4].width, height: rest[4].height }])
  const two = await refreshHead({ ...input, samples: [first, rest[0], rest[1]] }, host())
  expect(two).toMatchObject({ images: 3, computed: 1 })
  expect(two.loss).toBeLessThan(one.loss)
  // A label that was moved makes its image new.
  const [annotation] = first.annotations
  const moved = { ...first, annotations: [{ ...annotation, shape: { kind: 'box' as const, box: [20, 20, 50, 60] as [number, number, number, number] } }] } // prettier-ignore
  expect(await refreshHead({ ...input, samples: [moved, rest[0], rest[1]] }, host())).toMatchObject({ computed: 1 })
  expect((await predictKept({ images: [{ id: 6, file: rest[3].file }] }, host().signal)).detections).toHaveLength(1)

  const [before, after] = await Promise.all([join(run.runDir, 'best.ckpt'), join(runDir, 'best.ckpt')].map(readCheckpoint)) // prettier-ignore
  const changed = (name: string) => Buffer.compare(Buffer.from(before.param.get(name)!.buffer), Buffer.from(after.param.get(name)!.buffer)) !== 0 // prettier-ignore
  const names = [...after.param.keys()].filter((name) => before.param.has(name))
  expect(names.filter((name) => name.startsWith('backbone.backbone.') && changed(name))).toEqual([])
  expect(names.filter((name) => name.startsWith('head.') && changed(name)).length).toBeGreaterThan(10)
  expect(after.meta.labels.map(({ name }) => name)).toEqual(run.labels.map(({ name }) => name))
})
