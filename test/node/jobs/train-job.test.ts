import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { StudioContracts } from '@shared/contract'
import type { Client } from '@shared/contract/rpc'
import type { PredictResult } from '@shared/contract/runs'
import { forkWorker } from '../../../src-main/host/fork-worker'
import { createStudio, type Studio } from '../../../src-main/host/studio'
import type { WorkerProcess } from '../../../src-main/jobs/worker-process'
import { servedFile } from '../../../src-main/media/served-files'
import { bundle } from '../../helpers/bundle'
import { behaviour } from '../../helpers/fake-worker'
import { testPorts } from '../../helpers/test-ports'

let program: string
let folder: string
let studio: Studio
let api: Client<StudioContracts>
let workers: WorkerProcess[]

const start = async (ports = {}) => {
  workers = []
  studio = createStudio(
    testPorts({
      startWorker: () => {
        const worker = forkWorker(program)
        workers.push(worker)
        return worker
      },
      ...ports,
    }),
  )
  api = studio.client()
}
const project = () => join(folder, 'project')

beforeAll(async () => {
  program = await bundle(resolve(import.meta.dirname, '../../helpers/fake-worker.ts'))
})
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-train-'))
  await start()
  const store = await studio.init(project(), {})
  await sharp({ create: { width: 100, height: 50, channels: 3, background: '#336699' } })
    .jpeg()
    .toFile(join(folder, 'a.jpg'))
  const batch = store.beginImport({ source: folder, root: folder })
  const sample = { width: 100, height: 50 }
  batch.addLabels([{ key: 'boat', name: 'boat', cocoId: 7 }])
  batch.addSamples([
    { key: 'a', path: 'a.jpg', split: 'train', cocoImageId: 501, ...sample },
    { key: 'b', path: 'broken.jpg', split: 'val', cocoImageId: 502, ...sample },
  ])
  batch.addAnnotations([{ sample: 'a', label: 'boat', shape: { kind: 'box', box: [1, 2, 30, 40] } }])
  batch.finish()
})
afterEach(async () => {
  await studio.close()
  rmSync(folder, { recursive: true, force: true })
})

const train = async (kind: number) => {
  const { run, job } = await api.runs.start({ recipe: { seed: kind } })
  return { run, job: await api.jobs.wait({ job }) }
}
const until = async (check: () => Promise<boolean> | boolean) => {
  // Patient: a process may take seconds to start where many start at once.
  for (let i = 0; i < 4000 && !(await check()); i++) await sleep(10)
  expect(await check()).toBe(true)
}
/** Every step exactly once, in order. */
const expectAllSteps = async (run: string, steps: number) => {
  const { rows } = await api.runs.metrics({ run })
  const losses = rows.filter((row) => row.series === 'train/loss')
  expect(losses.map((row) => row.step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1))
  const val = rows.filter((row) => row.series === 'val/AP')
  expect(val.map((row) => row.step)).toEqual(Array.from({ length: Math.floor(steps / 10) }, (_, i) => 10 * (i + 1)))
}

describe('a run', () => {
  test('ends with its scores, metrics, files and resolved recipe', async () => {
    const cursors: number[] = []
    api.runs.on('metrics', ({ cursor }) => cursors.push(cursor))
    const { run, job } = await train(behaviour.normal)
    expect(job).toMatchObject({ status: 'done', run: 'r1', result: { status: 'done', dataWait: 0.25 } })
    expect(await api.runs.get({ run })).toMatchObject({
      id: 'r1',
      status: 'done',
      epochs: 4,
      best: { epoch: 3, AP: 0.5 },
      last: { epoch: 4 },
      imagesPerSecond: 10,
      error: null,
      recipe: { epochs: 4, provider: 'cpu' },
    })
    await expectAllSteps(run, 40)
    const { rows, cursor } = await api.runs.metrics({ run })
    expect(rows.find((row) => row.series === 'val/loss')).toMatchObject({ value: null })
    expect(cursors.at(-1)).toBe(cursor)
    expect((await api.runs.metrics({ run, after: cursor })).rows).toEqual([])
    expect(existsSync(join(project(), 'runs/r1/snapshot.jsonl.gz'))).toBe(true)
    expect(await api.runs.list()).toMatchObject({
      runs: [{ id: 'r1', name: 'r1', model: 'yolox-nano', status: 'done' }],
    })
  })

  test('whose worker is killed is interrupted, the project goes on, and resume leaves no gap and no double row', async () => {
    const { run, job } = await train(behaviour.crash)
    expect(job).toMatchObject({ status: 'interrupted', error: { code: 'interrupted' } })
    expect(job.error!.message).toMatch(/SIGKILL.*memory runs out.*a native library fell over/)
    expect(await api.runs.get({ run })).toMatchObject({ status: 'interrupted', error: { code: 'interrupted' } })
    expect(await api.project.info()).toMatchObject({ samples: { total: 2 } })

    const again = await api.runs.resume({ run })
    expect(await api.jobs.wait({ job: again.job })).toMatchObject({ status: 'done', run })
    await expectAllSteps(run, 40)
    expect(await api.runs.get({ run })).toMatchObject({ status: 'done', error: null, seconds: 1 })
  })

  test('whose worker loses the program goes on without gap after the next start', async () => {
    const { run } = await api.runs.start({ recipe: { seed: behaviour.slow } })
    await until(async () => (await api.runs.get({ run })).last !== null)
    // The worker sees its channel closed, as when the program dies.
    workers[0].wire.close()
    await until(async () => (await api.runs.get({ run })).status === 'interrupted')
    await studio.close()
    await start()
    await studio.open(project())
    expect(await api.runs.get({ run })).toMatchObject({ status: 'interrupted' })
    const { job } = await api.runs.resume({ run })
    await until(async () => (await api.runs.get({ run })).epochs >= 2.5)
    await api.runs.cancel({ run })
    expect(await api.jobs.wait({ job })).toMatchObject({ status: 'cancelled' })
    const { epochs } = await api.runs.get({ run })
    await expectAllSteps(run, Math.round(epochs * 10))
  })

  test('is cancelled after its step, with a checkpoint', async () => {
    const { run, job } = await api.runs.start({ recipe: { seed: behaviour.slow } })
    await until(async () => (await api.runs.get({ run })).epochs > 0)
    await api.runs.cancel({ run })
    expect(await api.jobs.wait({ job })).toMatchObject({ status: 'cancelled' })
    const { status, epochs, error } = await api.runs.get({ run })
    expect({ status, error }).toEqual({ status: 'cancelled', error: null })
    expect(Number(readFileSync(join(project(), 'runs', run, 'last.ckpt'), 'utf8'))).toBe(Math.round(epochs * 10))
  })

  test('is paused with a checkpoint, stays paused over a restart, and resume goes on without gap', async () => {
    const { run, job } = await api.runs.start({ recipe: { seed: behaviour.slow } })
    await until(async () => (await api.runs.get({ run })).epochs > 0)
    await until(async () => (await api.runs.get({ run })).live !== null)
    await api.runs.pause({ run })
    expect(await api.jobs.wait({ job })).toMatchObject({ status: 'paused' })
    const paused = await api.runs.get({ run })
    expect(paused).toMatchObject({ status: 'paused', error: null, finishedAt: null, live: null })
    const steps = Math.round(paused.epochs * 10)
    await studio.close()
    await start()
    await studio.open(project())
    expect((await api.runs.get({ run })).status).toBe('paused')
    const again = await api.runs.resume({ run })
    await until(async () => (await api.runs.get({ run })).epochs * 10 > steps + 5)
    await api.runs.cancel({ run })
    await api.jobs.wait({ job: again.job })
    await expectAllSteps(run, Math.round((await api.runs.get({ run })).epochs * 10))
  })

  test('that waits can be moved before another, and an ended one be removed with its files', async () => {
    const first = await api.runs.start({ recipe: { seed: behaviour.slow } })
    const [second, third] = [await api.runs.start({}), await api.runs.start({})]
    await api.runs.reorder({ runs: [third.run, second.run] })
    const { jobs } = await api.jobs.list()
    expect((await api.runs.list()).waiting).toEqual([third.run, second.run])
    await expect(api.runs.remove({ run: second.run })).rejects.toMatchObject({ code: 'run-active' })
    await api.runs.cancel({ run: first.run })
    await Promise.all([second, third].map(({ job }) => api.jobs.wait({ job })))
    expect(jobs.map(({ id }) => id)).toEqual([third.job, second.job, first.job])
    const [a, b] = [await api.jobs.get({ job: second.job }), await api.jobs.get({ job: third.job })]
    expect(Date.parse(b.startedAt!)).toBeLessThanOrEqual(Date.parse(a.startedAt!))
    expect(Date.parse(b.finishedAt!)).toBeLessThanOrEqual(Date.parse(a.startedAt!))
    await api.runs.remove({ run: second.run })
    expect(existsSync(join(project(), 'runs', second.run))).toBe(false)
    expect((await api.runs.list()).runs.map(({ id }) => id)).toEqual([first.run, third.run])
  })

  test('sums its curves up in buckets, and its log can be read on', async () => {
    const { run } = await train(behaviour.normal)
    const { series, cursor } = await api.runs.metricsSummary({ run, buckets: 4, series: ['train/loss'] })
    expect(cursor).toBe((await api.runs.metrics({ run })).cursor)
    const losses = Array.from({ length: 40 }, (_, i) => 1 / (i + 1))
    const parts = [0, 10, 20, 30].map((from) => losses.slice(from, from + 10))
    expect(series).toHaveLength(1)
    const [loss] = series
    expect(loss).toMatchObject({ series: 'train/loss', count: 40, step: [10, 20, 30, 40], epoch: [1, 2, 3, 4] })
    expect(loss.min).toEqual(parts.map((part) => Math.min(...part)))
    expect(loss.max).toEqual(parts.map((part) => Math.max(...part)))
    expect(loss.last).toEqual(parts.map((part) => part.at(-1)))
    loss.mean.forEach((mean, i) => expect(mean).toBeCloseTo(parts[i].reduce((a, b) => a + b) / 10, 12))
    expect((await api.runs.series({ run })).series).toEqual(['train/loss', 'val/AP', 'val/AP50', 'val/loss'])
    const part = await api.runs.metricsSummary({ run, buckets: 100, from: 5, to: 7, series: ['train/loss'] })
    expect(part.series[0].step).toEqual([5, 6, 7])
    // The fake worker cannot evaluate: a finished run stays done, and its log says what is missing.
    expect((await api.runs.get({ run })).status).toBe('done')
    const { lines, cursor: end } = await api.runs.log({ run })
    expect(lines.at(-1)).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('could not be evaluated') as string,
    })
    expect(await api.runs.log({ run, after: end })).toEqual({ lines: [], cursor: end })
  })

  test('that does not stop is killed after the grace time', async () => {
    await studio.close()
    await start({ workerLimits: { graceMs: 100 } })
    await studio.open(project())
    const { run, job } = await api.runs.start({ recipe: { seed: behaviour.stubborn } })
    await until(async () => (await api.runs.get({ run })).status === 'running' && workers.length === 1)
    await api.runs.cancel({ run })
    expect(await api.jobs.wait({ job })).toMatchObject({ status: 'cancelled' })
    expect(await api.runs.get({ run })).toMatchObject({ status: 'cancelled' })
  })

  test('that falls silent is killed and interrupted', async () => {
    await studio.close()
    await start({ workerLimits: { silenceMs: 600 } })
    await studio.open(project())
    const { job } = await train(behaviour.hang)
    expect(job).toMatchObject({ status: 'interrupted', error: { message: expect.stringContaining('no sign of life') } })
  })

  test("that fails keeps the worker's error and can go on", async () => {
    const { run, job } = await train(behaviour.fail)
    const error = { code: 'loss-not-finite', message: expect.stringContaining('NaN in step 25'), details: { step: 25 } }
    expect(job).toMatchObject({ status: 'failed', error })
    expect(await api.runs.get({ run })).toMatchObject({ status: 'failed', error })
  })

  test('closing the project interrupts it with a checkpoint', async () => {
    const { run } = await api.runs.start({ recipe: { seed: behaviour.slow } })
    await until(async () => (await api.runs.get({ run })).epochs > 0)
    await studio.close()
    await start()
    await studio.open(project())
    expect(await api.runs.get({ run })).toMatchObject({ status: 'interrupted' })
    expect(existsSync(join(project(), 'runs', run, 'last.ckpt'))).toBe(true)
  })

  test('that waits is cancelled without ever starting; a queued one of a dead process starts at the next open', async () => {
    const first = await api.runs.start({ recipe: { seed: behaviour.slow } })
    const second = await api.runs.start({ recipe: {} })
    const third = await api.runs.start({ recipe: {}, name: 'third' })
    await api.jobs.cancel({ job: second.job })
    expect(await api.runs.get({ run: second.run })).toMatchObject({ status: 'cancelled', startedAt: null })
    await until(async () => (await api.runs.get({ run: first.run })).status === 'running')
    await studio.close()
    await start()
    await studio.open(project())
    expect(await api.jobs.wait({ job: third.job })).toMatchObject({ status: 'done' })
    expect(await api.runs.get({ run: 'third' })).toMatchObject({ id: 'r3', status: 'done' })
  })

  test('refuses what cannot work, with the next step', async () => {
    const code = (code: string) => expect.objectContaining({ code })
    await expect(api.runs.start({ recipe: { epoch: 3 } })).rejects.toMatchObject({
      code: 'bad-recipe',
      message: expect.stringContaining('Did you mean "epochs"?'),
    })
    await expect(api.runs.resume({ run: 'latest' })).rejects.toEqual(code('not-found'))
    await expect(api.runs.start({ recipe: { model: { weights: join(folder, 'a.jpg') } } })).rejects.toEqual(
      code('foreign-weights'),
    )
    const { run } = await train(behaviour.normal)
    await expect(api.runs.resume({ run })).rejects.toEqual(code('run-done'))
    await expect(api.runs.export({ run: 'nope', out: 'x.onnx' })).rejects.toEqual(code('not-found'))
    await expect(api.runs.evaluate({ source: { kind: 'onnx', file: '/nowhere.onnx' } })).rejects.toEqual(
      code('not-found'),
    )
  })

  test('keeps no run when there is nothing to learn from, and says what to do', async () => {
    const refused = (recipe: Record<string, unknown>) => api.runs.start({ recipe }).catch((error: unknown) => error)
    expect(await refused({ data: { trainSplits: ['test'], evalSplit: 'test' } })).toMatchObject({ code: 'no-samples' })
    await api.labels.delete({ label: 'boat', gaps: 'reindex' })
    expect(await refused({})).toMatchObject({ code: 'no-labels', message: expect.stringMatching(/import annotations/) })
    const batch = studio.store()!.beginImport({ source: folder, root: folder })
    batch.addLabels([{ key: 'sea', name: 'sea' }])
    batch.addSamples([{ key: 'a', path: 'a.jpg' }])
    batch.addAnnotations([{ sample: 'a', label: 'sea', shape: { kind: 'tag' } }])
    batch.finish()
    expect(await refused({})).toMatchObject({
      code: 'no-annotations',
      message: expect.stringMatching(/None of the 1 training images has an annotation. .*--task classify$/),
    })
    expect((await api.runs.list()).runs).toEqual([])
  })
})

describe('predict', () => {
  test('on a split: ids of the project, file in COCO form, pictures, rows', async () => {
    const { run } = await train(behaviour.normal)
    const heard: unknown[] = []
    api.runs.on('predicted', ({ image }) => heard.push(image))
    const out = join(folder, 'out/predictions.json')
    const draw = join(folder, 'drawn')
    const { job } = await api.runs.predict({
      source: { kind: 'run', run, checkpoint: 'last' },
      images: { split: null },
      out,
      draw,
    })
    const ended = await api.jobs.wait({ job })
    expect(ended.error).toBeNull()
    expect(ended.result).toMatchObject({
      images: 1,
      detections: 1,
      failed: [{ file: join(folder, 'broken.jpg') }],
      out,
    })
    expect(heard).toMatchObject([{ id: 1, cocoImageId: 501, detections: [{ name: 'boat', score: 0.75 }] }])
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual([
      { image_id: 501, category_id: 7, bbox: [1, 2, 10.5, 20], score: 0.75 },
    ])
    expect(await sharp(join(draw, 'a.jpg')).metadata()).toMatchObject({ width: 100, height: 50 })
  })

  test("on files with a foreign model needs no project and uses the file's own names", async () => {
    await studio.close()
    await start()
    const model = join(folder, 'a.jpg')
    const source = { kind: 'onnx', file: model } as const
    const { job } = await api.runs.predict({ source, images: { files: [join(folder, 'a.jpg')] } })
    expect((await api.jobs.wait({ job })).result).toMatchObject({ images: 1, labels: ['thing'] })
    await expect(api.runs.list()).rejects.toMatchObject({ code: 'no-project' })
    // Of images that were written, what a browser can show is served before and after.
    const camera = join(folder, 'shot.dng')
    writeFileSync(camera, 'raw')
    const files = [join(folder, 'a.jpg'), camera]
    const cleaned = await api.runs.predict({ source, images: { files }, restore: { out: join(folder, 'clean') } })
    const { pictures } = (await api.jobs.wait({ job: cleaned.job })).result as PredictResult
    const served = (url: string) => servedFile(url.replace('/files/', ''))
    expect(pictures.map(({ name, before, after }) => [name, served(before), served(after)])).toEqual([
      [
        'a.jpg',
        { path: files[0], mime: 'image/jpeg', name: 'a.jpg' },
        { path: join(folder, 'clean/1.png'), mime: 'image/png', name: '1.png' },
      ],
    ])
    const missing = await api.runs.predict({ source, images: { files: ['/nowhere.png'] } })
    expect(await api.jobs.wait({ job: missing.job })).toMatchObject({ status: 'failed', error: { code: 'not-found' } })
  })
})

describe('doctor', () => {
  test('tells versions, providers, disk and memory', async () => {
    const report = await api.system.doctor()
    expect(report.versions).toMatchObject({ node: process.versions.node, onnxruntime: '0.0.0-fake' })
    expect(report.versions.sqlite).toMatch(/^3\./)
    expect(report.versions.libvips).toMatch(/^8\./)
    expect(report.providers).toMatchObject([{ id: 'cpu', available: true }])
    expect(report.disk.free).toBeGreaterThan(0)
    expect(report.disk.total).toBeGreaterThan(report.disk.free)
  })

  test('says so when the worker does not come up', async () => {
    await studio.close()
    await start({ startWorker: () => forkWorker('/nowhere/worker.js') })
    const { problems, providers } = await api.system.doctor()
    expect(providers).toEqual([])
    expect(problems).toContainEqual({
      code: 'probe-interrupted',
      message: expect.stringContaining('could not be probed'),
    })
  })
})
