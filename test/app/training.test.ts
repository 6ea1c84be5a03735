/** The built program trains: real worker, real images; interrupted runs end as if nothing had happened. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateHarbour } from '../../src-main/sample/generate-harbour'
import { readCheckpoint } from '../../src-worker/train/checkpoint'
import type { Tensors } from '../../src-worker/train/stepper'
import { runCli } from '../helpers/run-cli'

const folder = mkdtempSync(join(tmpdir(), 'tagwright-train-'))
const project = join(folder, 'project')
const recipe = ['--size', '64', '--epochs', '4', '--batch', '4', '--seed', '3']

const run = (...args: string[]) => runCli([...args, '--json'])
const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await run(...args)
  expect(code, stderr + stdout).toBe(0)
  return JSON.parse(stdout)
}

beforeAll(async () => {
  await generateHarbour({ dir: join(folder, 'harbour'), images: 24, seed: 1 })
  await json('init', project)
  await json('import', project, join(folder, 'harbour'))
}, 240_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Trains twice, the second time killed half-way and resumed; both end with the same bytes. @returns the last checkpoint. */
async function killAndResume(name: string, options: string[]) {
  const whole = await json('train', project, ...options, '--name', `${name}whole`)
  expect(whole.status).toBe('done')

  const killed = await runCli(['train', project, ...options, '--name', `${name}broken`, '--json'], {
    onStderr: (text, kill) => {
      if (text.includes('epoch 2')) kill('SIGKILL')
    },
  })
  expect(killed.code).not.toBe(0)

  const { runs } = await json('runs', project)
  const broken = runs.find((r: { name: string }) => r.name === `${name}broken`)
  expect(broken.status).toBe('interrupted')
  const resumed = await json('resume', project, broken.id)
  expect(resumed.status).toBe('done')
  const ids = [whole.run, broken.id] as string[]
  const [a, b] = await Promise.all(ids.map((id) => readCheckpoint(join(project, 'runs', id, 'last.ckpt'))))
  const bytes = (data: Float32Array | undefined) => Buffer.from(data!.buffer, data!.byteOffset, data!.byteLength)
  const compare = (section: string, one: Tensors, other: Tensors) => {
    expect([...one.keys()], section).toEqual([...other.keys()])
    for (const [key, data] of one) expect(bytes(data).equals(bytes(other.get(key))), `${section}/${key}`).toBe(true)
  }
  for (const section of ['param', 'ema', 'bn'] as const) compare(section, a[section], b[section])
  compare('swa', a.swa ?? new Map(), b.swa ?? new Map())
  expect([...a.optim.keys()]).toEqual([...b.optim.keys()])
  for (const [state, tensors] of a.optim) compare(state, new Map(tensors), new Map(b.optim.get(state)))
  const curves = ids.map((id) =>
    readFileSync(join(project, 'runs', id, 'results.csv'), 'utf8')
      .split('\n')
      .map((line) => line.split(',').slice(0, 7).join()),
  )
  expect(curves[1]).toEqual(curves[0])
  const averages = ids.map((id) => JSON.parse(readFileSync(join(project, 'runs', id, 'averages.json'), 'utf8')))
  expect(averages[1]).toEqual(averages[0])
  return { checkpoint: a, averages: averages[0] as { weights: string; score: { AP: number } }[], folder: ids[0] }
}

describe('training', () => {
  it('gives the same bytes for the same seed, also when the owner is killed half-way and the run resumed', async () => {
    const { checkpoint, averages } = await killAndResume('', recipe)
    expect(checkpoint.swa).toBeUndefined()
    expect(averages.map(({ weights }) => weights)).toEqual(['best', 'ema', 'last'])
  }, 400_000)

  it('does so with a frozen trunk whose features are kept', async () => {
    const { checkpoint } = await killAndResume('frozen-', [...recipe, '--epochs', '8', '--set', 'freeze=[backbone.backbone]']) // prettier-ignore
    const moved = [...checkpoint.optim.get('mean')!.keys()]
    expect(moved.length).toBeGreaterThan(0)
    expect(moved.filter((name) => name.startsWith('backbone.backbone'))).toEqual([])
  }, 400_000)

  it('does so through thawing, layer-wise rates, a switch to SGD and stochastic averaging', async () => {
    const more = ['freeze=[backbone.backbone@1, backbone@2]', 'optimizer.layerDecay=0.8', 'optimizer.switchAt=0.75', 'averages.swa.start=0.25'] // prettier-ignore
    const {
      checkpoint,
      averages,
      folder: run,
    } = await killAndResume('stages-', [...recipe, ...more.flatMap((text) => ['--set', text])])
    expect(checkpoint.meta.loop).toMatchObject({ averaged: 3 })
    expect([...checkpoint.swa!.keys()].sort()).toEqual([...checkpoint.param.keys()].sort())
    expect([...checkpoint.optim.keys()]).toEqual(['velocity'])
    expect(averages.map(({ weights }) => weights)).toEqual(['best', 'ema', 'last', 'swa'])
    const swa = await readCheckpoint(join(project, 'runs', run, 'swa.ckpt'))
    expect(swa.meta.loop.weights).toBe('swa')
    for (const [name, data] of checkpoint.swa!) expect(swa.ema.get(name), name).toEqual(data)
  }, 600_000)

  it('exports what it trained: the file scores as the run does', async () => {
    const file = join(folder, 'model.onnx')
    const exported = await json('export', project, '--run', 'whole', '--out', file)
    expect(exported.parity.ok).toBe(true)
    const ofRun = await json('eval', project, '--run', 'whole', '--split', 'val')
    const ofFile = await json('eval', project, '--model', file, '--split', 'val')
    expect(ofFile.stats).toEqual(ofRun.stats)
    expect(ofFile.images).toBeGreaterThan(0)
    const { runs } = await json('runs', project)
    // The score told while training is the score of the evaluation afterwards.
    const best = runs.find((r: { name: string }) => r.name === 'whole').best
    expect(ofRun.coco.AP).toBe(best.AP)
  }, 200_000)

  it('says what is wrong with a recipe, a size and a loss that is not finite', async () => {
    const unknown = await run('train', project, '--set', 'optimiser.lr=1')
    expect(JSON.parse(unknown.stdout).error.message).toContain('Did you mean "optimizer"')
    const nan = await run(
      'train',
      project,
      ...recipe,
      '--set',
      'optimizer.lr=1e30',
      '--set',
      'optimizer.id=sgd',
      '--name',
      'nan',
    )
    const { error } = JSON.parse(nan.stdout)
    expect(nan.code).toBe(1)
    expect(error.code).toBe('nan-loss')
    expect(error.message).toMatch(
      /The loss became (NaN|-?Infinity) at step \d+ .* The first op without a finite result is \S+\./,
    )
  }, 200_000)
})
