/** Learning curves in a project: what is measured stays, with what it says of more labels, as text and as tables. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { StudioContracts } from '@shared/contract'
import type { LearningCurves } from '@shared/contract/curves'
import type { Client } from '@shared/contract/rpc'
import { forkWorker } from '../../../src-main/host/fork-worker'
import { createStudio, type Studio } from '../../../src-main/host/studio'
import { createRun } from '../../../src-main/store/run'
import { bundle } from '../../helpers/bundle'
import { behaviour } from '../../helpers/fake-worker'
import { testPorts } from '../../helpers/test-ports'
import { until } from '../../helpers/until'

let program: string
let folder: string
let studio: Studio
let api: Client<StudioContracts>

beforeAll(async () => {
  program = await bundle(resolve(import.meta.dirname, '../../helpers/fake-worker.ts'))
})
const begin = () => {
  studio = createStudio(testPorts({ startWorker: () => forkWorker(program) }))
  api = studio.client()
}
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-curves-'))
  begin()
  const store = await studio.init(join(folder, 'project'), {})
  await sharp({ create: { width: 100, height: 50, channels: 3, background: '#336699' } }).jpeg().toFile(join(folder, 'a.jpg')) // prettier-ignore
  const batch = store.beginImport({ source: folder, root: folder })
  batch.addLabels([{ key: 'boat', name: 'boat', cocoId: 7 }])
  batch.addSamples([{ key: 'a', path: 'a.jpg', split: 'train', width: 100, height: 50 }])
  batch.addAnnotations([{ sample: 'a', label: 'boat', shape: { kind: 'box', box: [1, 2, 30, 40] } }])
  batch.finish()
})
afterEach(async () => {
  await studio.close()
  rmSync(folder, { recursive: true, force: true })
})

const weights = () => join(folder, 'start.onnx')
const measure = async (more: object = {}) => api.jobs.wait({ job: (await api.curves.measure({ weights: weights(), ...more })).job }) // prettier-ignore

test('keeps what was measured, tells what it says, and knows when labels have changed', async () => {
  expect(await api.curves.latest()).toEqual({ curves: null, stale: false })
  await expect(api.curves.advise({})).rejects.toMatchObject({ code: 'not-found' })
  const { status, result } = await measure({ minutes: 2 })
  expect(status).toBe('done')
  expect(result).toMatchObject({ task: 'detect', score: 'AP', weights: 'start.onnx', model: 'yolox-nano', size: 320, seconds: 120 }) // prettier-ignore
  expect(await api.curves.latest()).toEqual({ curves: result, stale: false })

  await studio.close()
  begin()
  await studio.open(join(folder, 'project'))
  expect((await api.curves.latest()).curves).toEqual(result)
  const advice = await api.curves.advise({ more: 100 })
  expect(advice).toMatchObject({ more: 100, score: 'AP', stale: false, next: 'boat' })
  expect(advice.classes.map(({ label, reason }) => [label, reason])).toEqual([['boat', null], ['=1+1', 'few-objects']]) // prettier-ignore
  expect(advice.classes[0].images).toBe(50)
  expect(advice.classes[0].text).toMatch(/^100 more boat: about \+[\d.]+ AP \([\d.]+ to [\d.]+\), from 60 with 200\.$/)
  expect(advice.overall.text).toContain('100 more images: about +')
  const few = await api.curves.advise({ more: 10 })
  expect(few.classes[0].gain!.middle).toBeLessThan(advice.classes[0].gain!.middle)

  const [{ id }] = (await api.samples.list({})).samples
  const [label] = (await api.labels.list()).labels
  await api.annotations.apply({ reason: 'Draw box', changes: [{ op: 'add', sample: id, label: label.id, shape: { kind: 'box', box: [5, 5, 20, 20] } }] }) // prettier-ignore
  expect((await api.curves.latest()).stale).toBe(true)
  expect((await measure()).status).toBe('done')
  expect((await api.curves.latest()).stale).toBe(false)
})

test('gives the advice and the points as files', async () => {
  await measure()
  const { url, name } = await api.curves.download({ file: 'advice.csv', more: 50 })
  expect({ url: url.startsWith('/files/'), name }).toEqual({ url: true, name: 'learning-curves-advice.csv' })
  const files = join(folder, 'project', 'cache', 'results')
  const [head, all, boat, few] = readFileSync(join(files, 'learning-curves-advice.csv'), 'utf8').split('\r\n')
  expect(head).toBe('class,objects,AP,more,gain,gain low (10 %),gain high (90 %),images,reason')
  expect(all).toMatch(/^all \(images\),100,0\.6\d*,50,0\.\d+,/)
  expect(boat).toMatch(/^boat,200,0\.6\d*,50,0\.\d+,[\d.e-]+,0\.\d+,25,$/)
  // A class name that a spreadsheet would calculate is text.
  expect(few).toBe("'=1+1,2,,50,,,,50,few-objects")
  await api.curves.download({ file: 'points.csv' })
  expect(readFileSync(join(files, 'learning-curves-points.csv'), 'utf8').split('\r\n').slice(0, 3)).toEqual(['class,objects,draw,AP', 'all (images),25,0,0.4', expect.stringMatching(/^all \(images\),50,0,0\.517/)]) // prettier-ignore
  await api.curves.download({ file: 'curves.json' })
  const whole = JSON.parse(readFileSync(join(files, 'learning-curves-curves.json'), 'utf8')) as LearningCurves
  expect(whole.overall.curve!.laws).toHaveLength(200)
})

test('can be stopped, and leaves neither curves nor files behind', async () => {
  let phase = ''
  api.jobs.on('progress', ({ progress }) => (phase = progress.phase))
  const { job } = await api.curves.measure({ weights: weights(), seed: behaviour.slow })
  await until(() => phase === 'short runs')
  await api.jobs.cancel({ job })
  expect((await api.jobs.wait({ job })).status).toBe('cancelled')
  expect((await api.curves.latest()).curves).toBeNull()
  expect(readdirSync(join(folder, 'project', 'cache')).filter((name) => name.startsWith('curves-'))).toEqual([])
  const failed = await measure({ weights: join(folder, 'broken.onnx') })
  expect(failed).toMatchObject({ status: 'failed', error: { code: 'bad-model' } })
})

test('begins from weights that have not seen the labels', async () => {
  const store = studio.store()!
  createRun(store.db, { name: 'mine', task: 'detect', model: 'yolox-nano', recipe: {} })
  for (const run of ['r1', 'mine', 'latest'])
    await expect(api.curves.measure({ weights: run })).rejects.toMatchObject({ code: 'seen-labels' })
  await expect(api.curves.measure({})).rejects.toMatchObject({ code: 'no-weights' })
  await expect(api.curves.measure({ weights: 'nothing' })).rejects.toMatchObject({
    code: 'no-weights',
    message: expect.stringContaining('There are no start weights "nothing"') as string,
  })
})

test('divides the images first when nobody has, as a training does', async () => {
  const { samples } = await api.samples.list({})
  await api.samples.setSplit({ samples: { ids: samples.map(({ id }) => id) }, split: null })
  await sharp({ create: { width: 100, height: 50, channels: 3, background: '#993366' } }).jpeg().toFile(join(folder, 'b.jpg')) // prettier-ignore
  await api.jobs.wait({ job: (await api.datasets.import({ paths: [join(folder, 'b.jpg')] })).job })
  const { status } = await measure()
  expect(status).toBe('done')
  const { splits } = (await api.project.info()).samples
  expect(splits.none).toBe(0)
  expect(splits.train + splits.val + splits.test).toBe(2)
})
