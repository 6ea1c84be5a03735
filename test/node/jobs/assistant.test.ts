/** Training while labelling: when rounds begin, what they learn from, and what comes of them in the project. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { StudioContracts } from '@shared/contract'
import type { AssistState } from '@shared/contract/assist'
import type { Client } from '@shared/contract/rpc'
import { forkWorker } from '../../../src-main/host/fork-worker'
import { createStudio, type Studio } from '../../../src-main/host/studio'
import type { WorkerProcess } from '../../../src-main/jobs/worker-process'
import { bundle } from '../../helpers/bundle'
import { testPorts } from '../../helpers/test-ports'
import { until } from '../../helpers/until'

let program: string
let folder: string
let studio: Studio
let api: Client<StudioContracts>
let workers: WorkerProcess[]
let state: AssistState
/** Sample ids by name. */
let ids: Record<string, number>
let boat: number

beforeAll(async () => {
  program = await bundle(resolve(import.meta.dirname, '../../helpers/fake-worker.ts'))
})
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-assist-'))
  workers = []
  studio = createStudio(
    testPorts({
      startWorker: () => {
        const worker = forkWorker(program)
        workers.push(worker)
        return worker
      },
    }),
  )
  api = studio.client()
  const store = await studio.init(join(folder, 'project'), {})
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    await sharp({ create: { width: 100, height: 50, channels: 3, background: '#336699' } }).jpeg().toFile(join(folder, `${name}.jpg`)) // prettier-ignore
  const batch = store.beginImport({ source: folder, root: folder })
  const size = { width: 100, height: 50 }
  batch.addLabels([{ key: 'boat', name: 'boat', cocoId: 7 }])
  batch.addSamples([
    { key: 'a', path: 'a.jpg', split: 'train', ...size },
    { key: 'b', path: 'b.jpg', split: 'val', ...size },
    { key: 'c', path: 'c.jpg', ...size },
    { key: 'd', path: 'd.jpg', ...size },
    { key: 'e', path: 'e.jpg', ...size },
  ])
  const box = [1, 2, 30, 40] as [number, number, number, number]
  batch.addAnnotations(['a', 'b'].map((sample) => ({ sample, label: 'boat', shape: { kind: 'box' as const, box } })))
  batch.finish()
  const { samples } = await api.samples.list({})
  ids = Object.fromEntries(samples.map(({ name, id }) => [name.replace('.jpg', ''), id]))
  boat = (await api.labels.list()).labels[0].id
  api.assist.on('changed', (next) => (state = next))
  state = await api.assist.state()
})
afterEach(async () => {
  await studio.close()
  rmSync(folder, { recursive: true, force: true })
})

const weights = () => join(folder, 'start.onnx')
const draw = (sample: number, x: number) =>
  api.annotations.apply({ reason: 'Draw box', changes: [{ op: 'add', sample, label: boat, shape: { kind: 'box', box: [x, 1, x + 10, 11] } }] }) // prettier-ignore
const rounds = (count: number) => until(() => state.rounds === count && state.status === 'waiting')
const seenOn = async (sample: number) =>
  (await api.predictions.list({ sample, source: `run:${state.run}` })).predictions

test('learns at once from what is there, but not from val, and predicts the images that come next', async () => {
  await api.assist.look({ samples: [ids.a, ids.c, ids.d] })
  expect(await api.assist.start({ every: 2, weights: weights() })).toMatchObject({
    on: true,
    every: 2,
    base: weights(),
  })
  await rounds(1)
  expect(state).toMatchObject({ fresh: 0, run: 'r1', last: { images: 1, steps: 12, loss: 0.5 }, problem: null })
  // What has labels is not predicted.
  expect(await seenOn(ids.a)).toEqual([])
  expect(await seenOn(ids.c)).toMatchObject([{ label: boat, score: 0.01, box: [1, 2, 11.5, 22], state: 'pending' }])
  // Those that come later are predicted when they are told of, with the same weights.
  await api.assist.look({ samples: [ids.d, ids.e] })
  await until(async () => (await seenOn(ids.e)).length === 1)
  expect(await api.runs.get({ run: 'r1' })).toMatchObject({ name: 'While labelling', status: 'done', epochs: 1 })
  expect(existsSync(join(folder, 'project/runs/r1/best.ckpt'))).toBe(true)
  expect(workers).toHaveLength(1)
})

test('learns again after so many new labels, in the same process and the same run', async () => {
  await api.assist.start({ every: 2, weights: weights() })
  await rounds(1)
  await api.assist.look({ samples: [ids.d] })
  await draw(ids.c, 1)
  await until(() => state.fresh === 1)
  await draw(ids.c, 20)
  await rounds(2)
  expect(state).toMatchObject({ run: 'r1', fresh: 0, last: { images: 2 } })
  await until(async () => (await seenOn(ids.d))[0]?.score === 0.02)
  expect((await api.runs.list()).runs).toHaveLength(1)
  const { rows } = await api.runs.metrics({ run: 'r1' })
  expect(rows).toMatchObject([
    { step: 12, epoch: 1, series: 'train/loss', value: 0.5 },
    { step: 24, epoch: 2, series: 'train/loss', value: 0.5 },
  ])
  expect(workers).toHaveLength(1)
  expect(await api.assist.stop()).toMatchObject({ on: false, status: 'off', run: 'r1' })
  await draw(ids.c, 40)
  await draw(ids.c, 60)
  expect(state).toMatchObject({ on: false, rounds: 2 })
  // Nothing was trained since: the same run goes on.
  expect(await api.assist.start({ every: 2 })).toMatchObject({ on: true, base: 'While labelling', run: 'r1' })
  await rounds(3)
  expect((await api.runs.list()).runs).toHaveLength(1)
  expect((await api.runs.metrics({ run: 'r1' })).rows.at(-1)).toMatchObject({ step: 36, epoch: 3 })
})

test('goes on after its process was killed', async () => {
  await api.assist.start({ every: 1, weights: weights() })
  await rounds(1)
  workers[0].kill()
  await draw(ids.c, 1)
  await until(() => state.rounds === 2 || state.problem !== null)
  if (state.rounds < 2) await draw(ids.c, 20)
  await rounds(2)
  expect(state.problem).toBeNull()
})

test('says what is wrong, leaves no run behind, and tries again with new labels', async () => {
  await expect(api.assist.start({ every: 1 })).rejects.toMatchObject({ code: 'no-weights' })
  await api.assist.start({ every: 1, weights: join(folder, 'broken.onnx') })
  await until(() => state.problem !== null)
  expect(state).toMatchObject({ on: true, status: 'waiting', run: null, problem: { code: 'bad-model' } })
  expect((await api.runs.list()).runs).toEqual([])
  await api.assist.stop()
  await api.assist.start({ every: 1, weights: weights() })
  await rounds(1)
  expect(state.problem).toBeNull()
})
