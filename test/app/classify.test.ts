/** The built program classifies: folders as classes, training, evaluation, prediction, export; an ONNX file as a trunk. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { runCli } from '../helpers/run-cli'

const folder = mkdtempSync(join(tmpdir(), 'tagwright-classify-'))
const project = join(folder, 'project')
const images = join(folder, 'images')
const exported = join(folder, 'colours.onnx')

const run = (...args: string[]) => runCli([...args, '--json'])
const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await run(...args)
  expect(code, stderr + stdout).toBe(0)
  return JSON.parse(stdout)
}
const colours = { blue: [40, 60, 200], green: [40, 190, 60], red: [200, 50, 40] }

beforeAll(async () => {
  const random = rng('colours')
  for (const [split, count] of [
    ['train', 8],
    ['val', 4],
  ] as const)
    for (const [label, colour] of Object.entries(colours)) {
      const at = join(images, split, label)
      mkdirSync(at, { recursive: true })
      for (let i = 0; i < count; i++) {
        const [r, g, b] = colour.map((v) => v + random.int(-25, 25))
        await sharp({ create: { width: 48, height: 40, channels: 3, background: { r, g, b } } })
          .png()
          .toFile(join(at, `${i}.png`))
      }
    }
  await json('init', project, '--task', 'classify')
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('A project of classes', () => {
  it('reads folders as classes and splits', async () => {
    const report = await json('import', project, images)
    expect(report).toMatchObject({ format: 'class-folders', samples: 36, annotations: 36, labels: 3 })
    expect(report.splits).toMatchObject({ train: 24, val: 12 })
    const info = await json('info', project)
    expect(info).toMatchObject({ task: 'classify', annotations: { total: 36, shapes: { tag: 36 } } })
  }, 120_000)

  it('trains, and tells top-1 in place of AP', async () => {
    // Running statistics of norms need some hundred steps.
    const recipe = ['--size', '32', '--batch', '8', '--epochs', '70', '--set', 'augment=[]', 'data.evalEvery=35']
    const trained = await json('train', project, ...recipe, '--name', 'colours')
    expect(trained.status).toBe('done')
    expect(Object.keys(trained.best)).toEqual(expect.arrayContaining(['epoch', 'step', 'top1', 'top5']))
    expect(trained.best.top1).toBeGreaterThan(0.9)
    expect(trained.best.top5).toBe(1)
    const { runs } = await json('runs', project)
    expect(runs[0]).toMatchObject({ model: 'yolox-nano-classifier', best: { top1: trained.best.top1 } })
  }, 400_000)

  it('exports what it trained: the file scores as the run does', async () => {
    const { parity, output } = await json('export', project, '--run', 'colours', '--out', exported)
    expect(parity).toMatchObject({ ok: true, images: 12 })
    expect(output).toEqual([1, 3])
    const ofRun = await json('eval', project, '--run', 'colours', '--split', 'val')
    const ofFile = await json('eval', project, '--model', exported, '--split', 'val')
    expect(ofFile.classification.top1).toBe(ofRun.classification.top1)
    expect(ofFile.classification.loss).toBeCloseTo(ofRun.classification.loss, 5)
    expect(ofRun.classification.confusion.labels).toEqual(['blue', 'green', 'red'])
    expect(ofRun.perClass.map((row: { groundTruths: number }) => row.groundTruths)).toEqual([4, 4, 4])
  }, 200_000)

  it('says what an image is, without a project', async () => {
    const { images: told, labels } = await json('predict', join(images, 'val/red/0.png'), '--model', exported)
    expect(labels).toEqual(['blue', 'green', 'red'])
    expect(told[0].detections[0]).toMatchObject({ name: 'red', box: [0, 0, 48, 40] })
  }, 120_000)

  it('puts a new head on a network from a file, of which a part stays as it is', async () => {
    const recipe = ['--size', '32', '--batch', '8', '--epochs', '20', '--set', 'augment=[]', 'data.evalEvery=10']
    const frozen = await json('train', project, '--model', exported, '--freeze', 'trunk', ...recipe, '--name', 'head')
    expect(frozen.status).toBe('done')
    expect(frozen.best.top1).toBeGreaterThan(0.9)
    // Its network goes with the run.
    const again = await json('eval', project, '--run', 'head', '--split', 'val')
    expect(again.classification.top1).toBe(frozen.best.top1)
    const wrong = await run('train', project, '--model', exported, ...recipe, '--features', 'nowhere')
    expect(wrong.code).toBe(2)
    expect(JSON.parse(wrong.stdout).error.message).toContain('no value or node "nowhere"')
  }, 400_000)

  it('refuses a detector, and suppression', async () => {
    const detector = await run('train', project, '--model', 'yolox-nano', '--size', '32', '--epochs', '1')
    expect(JSON.parse(detector.stdout).error).toMatchObject({
      code: 'bad-recipe',
      message: expect.stringContaining('for the task "detect"'),
    })
    const nms = await run('export', project, '--run', 'colours', '--out', exported, '--nms')
    expect(JSON.parse(nms.stdout).error.message).toContain('Suppression is for detectors')
  }, 200_000)
})
