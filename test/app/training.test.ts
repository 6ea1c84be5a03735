/** The built program trains: real worker, real images; interrupted runs end as if nothing had happened. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateHarbour } from '../../src-main/sample/generate-harbour'
import { readCheckpoint } from '../../src-worker/train/checkpoint'
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

describe('training', () => {
  it('gives the same bytes for the same seed, also when the owner is killed half-way and the run resumed', async () => {
    const whole = await json('train', project, ...recipe, '--name', 'whole')
    expect(whole.status).toBe('done')

    const killed = await runCli(['train', project, ...recipe, '--name', 'broken', '--json'], {
      onStderr: (text, kill) => {
        if (text.includes('epoch 2')) kill('SIGKILL')
      },
    })
    expect(killed.code).not.toBe(0)

    const { runs } = await json('runs', project)
    expect(runs.find((r: { name: string }) => r.name === 'broken').status).toBe('interrupted')
    const resumed = await json('resume', project, 'broken')
    expect(resumed.status).toBe('done')
    const [a, b] = await Promise.all(['r1', 'r2'].map((id) => readCheckpoint(join(project, 'runs', id, 'last.ckpt'))))
    for (const section of ['param', 'ema', 'bn'] as const) {
      expect([...a[section].keys()]).toEqual([...b[section].keys()])
      for (const [name, data] of a[section])
        expect(Buffer.from(data.buffer).equals(Buffer.from(b[section].get(name)!.buffer)), `${section}/${name}`).toBe(
          true,
        )
    }
    for (const [state, tensors] of a.optim)
      for (const [name, data] of tensors)
        expect(
          Buffer.from(data.buffer).equals(Buffer.from(b.optim.get(state)!.get(name)!.buffer)),
          `${state}/${name}`,
        ).toBe(true)
    const curves = ['r1', 'r2'].map((id) =>
      readFileSync(join(project, 'runs', id, 'results.csv'), 'utf8')
        .split('\n')
        .map((line) => line.split(',').slice(0, 7).join()),
    )
    expect(curves[1]).toEqual(curves[0])
  }, 400_000)

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
