/** Stored evaluations of a run with random weights: the service's answers, plots, report, card and a program to copy. */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Comparison, EvaluationDetail } from '@shared/contract/results'
import { evalThresholds, predictThresholds } from '@shared/contract/inference'
import { bundleModel } from '../../../src-main/jobs/bundle-model'
import { drawRunPlots } from '../../../src-main/jobs/draw-run-plots'
import { reportJob } from '../../../src-main/jobs/report-job'
import { servedFile } from '../../../src-main/media/served-files'
import { unzip } from '../../../src-main/media/unzip'
import { csvCell } from '../../../src-main/services/result-files'
import { createResultsService } from '../../../src-main/services/results'
import { addEvaluation } from '../../../src-main/store/evaluation'
import { createRun, updateRun } from '../../../src-main/store/run'
import { initStore, type Store } from '../../../src-main/store/store'
import { exportOnnx } from '../../../src-worker/export/export-onnx'
import { evaluate } from '../../../src-worker/predict/evaluate'
import { predict } from '../../../src-worker/predict/predict'
import { overContract, serviceDeps } from '../../helpers/job-deps'
import { makeRun, type MadeRun } from '../../helpers/made-run'
import { need } from '../../helpers/need'
import { silentReport } from '../../helpers/silent-report'

const python = need('onnxruntime')
const product = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> }

let dir: string
let made: MadeRun
let store: Store
let results: ReturnType<typeof overContract<'results'>>
let deps: ReturnType<typeof serviceDeps>
let evaluated: Awaited<ReturnType<typeof evaluate>>
const signal = new AbortController().signal
const host = { threadFile: null, loaderThreads: 0 }

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tagwright-results-'))
  made = await makeRun(dir, { images: 5 })
  store = initStore(join(dir, 'p'))
  const batch = store.beginImport({ source: dir, root: dir })
  batch.addLabels(made.labels.map(({ name }) => ({ key: name, name })))
  batch.addSamples(made.samples.map(({ name, width, height }) => ({ key: name, path: name, width, height })))
  batch.finish()
  const run = createRun(store.db, { name: '<b>first</b>', task: 'detect', model: 'yolox-nano', recipe: { epochs: 4 } })
  updateRun(store.db, run.id, { status: 'done', epoch: 4, seconds: 12 })
  const runDir = join(store.folder, 'runs', run.id)
  mkdirSync(runDir, { recursive: true })
  cpSync(made.runDir, runDir, { recursive: true })
  writeFileSync(join(runDir, 'results.csv'), 'epoch,train/loss,val/AP\n1,3,0.1\n2,2,\n3,1,0.3\n')
  const files = { analysis: join(dir, 'analysis.gz'), objects: join(dir, 'objects.gz') }
  evaluated = await evaluate(
    {
      ...evalThresholds,
      model: { kind: 'run', runDir: made.runDir, checkpoint: 'best' },
      labels: null,
      classMap: null,
      slice: null,
      provider: 'cpu',
      snapshot: join(made.runDir, 'snapshot.jsonl.gz'),
      split: null,
      predictions: null,
      plots: null,
      ...files,
    },
    { report: silentReport().report, ...host },
  )
  const detail = { analysis: readFileSync(files.analysis), objects: readFileSync(files.objects) }
  for (const final of [true, false]) {
    addEvaluation(store.db, {
      run: run.id,
      source: 'run:r1',
      split: null,
      iouType: 'bbox',
      step: null,
      epoch: null,
      images: evaluated.images,
      seconds: evaluated.seconds,
      stats: evaluated.stats,
      result: evaluated,
      final,
      thresholds: evaluated.thresholds,
      ...(final ? { detail } : {}),
    })
  }
  deps = serviceDeps(() => store)
  const queue = () => {
    throw new Error('no queue in this test')
  }
  results = overContract('results', createResultsService(deps, queue))
}, 120_000)
afterAll(() => {
  store?.close()
  rmSync(dir, { recursive: true, force: true })
})

describe('a stored evaluation', () => {
  it('gives the numbers of the evaluation, to the digit', async () => {
    const { evaluations } = (await results('list', { run: 'latest' })) as { evaluations: EvaluationDetail[] }
    expect(evaluations.map(({ id, final, detailed }) => [id, final, detailed])).toEqual([
      [2, false, false],
      [1, true, true],
    ])
    const one = (await results('get', { evaluation: 1 })) as EvaluationDetail
    expect(one.stats).toEqual(evaluated.stats)
    expect(one.coco).toEqual(evaluated.coco)
    expect(one.perClass).toEqual(evaluated.perClass)
    expect(one.labels.map(({ name }) => name)).toEqual(made.labels.map(({ name }) => name))
    expect(one.statistics?.map(({ objects }) => objects)).toEqual([2, 2, 1])
    expect(await results('confusion', { evaluation: 1, conf: one.confusion!.conf })).toEqual(one.confusion)
    expect(await results('counts', { evaluation: 1, conf: one.counts!.conf })).toEqual(one.counts)
    await expect(results('curves', { evaluation: 2 })).rejects.toMatchObject({ code: 'no-details' })
    await expect(results('get', { evaluation: 9 })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('opens the images and objects behind a number, in pages', async () => {
    const of = { kind: 'outcome', outcome: 'truth' }
    const images = (await results('images', { evaluation: 1, of, limit: 2 })) as { total: number; images: unknown[] }
    expect([images.total, images.images.length]).toEqual([5, 2])
    const objects = (await results('objects', { evaluation: 1, of: { ...of, conf: 1.0 } })) as {
      total: number
      objects: { sample: number; detection: unknown; truth: { annotation: number; box: number[] } }[]
    }
    expect(objects.total).toBe(5)
    expect(objects.objects[0]).toMatchObject({ detection: null, truth: { box: [10, 10, 60, 70] }, iou: null })
    const overlay = (await results('overlay', { evaluation: 1, sample: 2, conf: 0 })) as {
      image: { name: string; objects: number }
      detections: { outcome: string }[]
      truths: { found: boolean }[]
    }
    expect(overlay.image.name).toBe('picture 1.png')
    const wrong = overlay.detections.filter(({ outcome }) => outcome === 'wrong').length
    expect(overlay.image.objects).toBe(wrong + overlay.truths.filter(({ found }) => !found).length)
    const behind = (await results('objects', { evaluation: 1, of: { kind: 'worst', conf: 0 }, limit: 1000 })) as typeof objects // prettier-ignore
    expect(behind.objects.filter(({ sample }) => sample === 2)).toHaveLength(overlay.image.objects)
  })

  it('compares with itself without a difference', async () => {
    const same = (await results('compare', { a: 1, b: 1 })) as Comparison
    expect(same).toMatchObject({ sameData: true, recipe: [], images: { wins: 0, ties: 5, losses: 0 } })
    expect(same.coco.every(({ difference }) => difference === null || difference === 0)).toBe(true)
    expect(await results('compareImages', { a: 1, b: 1, which: 'ties', limit: 2 })).toMatchObject({ total: 5 })
  })

  it('is saved as tables whose cells no spreadsheet takes for formulas', async () => {
    const read = async (file: string) => {
      const { url } = (await results('download', { evaluation: 1, file })) as { url: string }
      return readFileSync(servedFile(url.slice('/files/'.length))!.path, 'utf8')
    }
    expect((await read('coco.csv')).split('\r\n').slice(0, 2)).toEqual(['metric,value', `AP,${evaluated.stats[0]}`])
    expect((await read('confusion.csv')).split('\r\n')).toHaveLength(6)
    expect(await read('objects.csv')).toContain("ship's cat")
    expect((JSON.parse(await read('result.json')) as EvaluationDetail).stats).toEqual(evaluated.stats)
    expect([csvCell('=1+1'), csvCell('a,"b"'), csvCell(0.1), csvCell(null)]).toEqual(["'=1+1", '"a,""b"""', '0.1', ''])
  })
})

describe('files of a run', () => {
  it('are the plots that people know, as pictures that open', async () => {
    const logs: string[] = []
    const log = (_: string, message: string) => void logs.push(message)
    const files = await drawRunPlots(deps, { run: 'r1', evaluation: 1, signal, log })
    expect(files.sort()).toEqual([
      'BoxF1_curve.png',
      'BoxPR_curve.png',
      'BoxP_curve.png',
      'BoxR_curve.png',
      'confusion_matrix.png',
      'confusion_matrix_normalized.png',
      'labels.jpg',
      'results.png',
      'tide.png',
      'val_batch0_labels.jpg',
      'val_batch0_pred.jpg',
    ])
    // Training batches are drawn by a worker, and there is none here.
    expect(logs).toEqual([expect.stringContaining('training batches')])
    const folder = join(store.folder, 'runs', 'r1')
    for (const file of files) expect((await sharp(join(folder, 'plots', file)).metadata()).width).toBeGreaterThan(300)
    expect(readFileSync(join(folder, 'args.yaml'), 'utf8')).toContain('epochs: 4')
    const { plots } = (await results('plots', { run: 'r1' })) as { plots: { name: string; bytes: number }[] }
    expect(plots.map(({ name }) => name)).toEqual(expect.arrayContaining(files))
  }, 60_000)

  it('hold a report that stands alone and shows names as text', async () => {
    const context = { id: 1, signal, report: () => {}, log: () => {} }
    const job = reportJob(deps)
    const made = await job.run(job.params.parse({ run: 'r1', evaluation: 1, images: 3 }), context)
    const html = readFileSync(made.file, 'utf8')
    expect(html).toContain('&#60;b&#62;first')
    expect(html).not.toMatch(/<b>first|<script|(?:src|href)="(?!data:)|url\(/)
    expect(html.match(/data:image\/jpeg/g)!.length).toBeGreaterThan(0)
    for (const part of ['COCO table', 'Precision against recall', 'Confusion matrix', 'TIDE', 'Recipe', 'epochs: 4'])
      expect(html).toContain(part)
  }, 60_000)

  it('hold a model card', async () => {
    const { markdown, json } = (await results('modelCard', { run: 'r1', licence: 'CC-BY-4.0' })) as {
      markdown: string
      json: Record<string, unknown>
    }
    expect(json).toMatchObject({
      licence: 'CC-BY-4.0',
      labels: made.labels.map(({ name }) => name),
      evaluation: { images: 5 },
    })
    expect(markdown).toContain('Licence: CC-BY-4.0')
    expect(markdown).toContain('Average Precision')
    expect(markdown).not.toContain('<b>')
  })
})

describe('a program to copy', () => {
  it.each([false, true])(
    'finds in Node what the run finds (suppression inside: %s)',
    async (nms) => {
      const folder = join(dir, `program-${nms}`)
      mkdirSync(folder)
      const file = join(folder, 'my model.onnx')
      const report = { ...silentReport().report }
      const thresholds = { ...predictThresholds, conf: 0.25 }
      await exportOnnx(
        { runDir: made.runDir, checkpoint: 'best', out: file, nms, dynamic: false, half: false, ...thresholds },
        { report, ...host },
      )
      const { node, python } = (await results('snippets', { file })) as { node: string; python: string }
      expect(python).toContain('onnxruntime')
      writeFileSync(join(folder, 'detect.mjs'), node)
      symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
      const script = `const { detect } = await import(${JSON.stringify(pathToFileURL(join(folder, 'detect.mjs')).href)})
      console.log(JSON.stringify(await Promise.all(${JSON.stringify(made.samples.map((one) => one.file))}.map(detect))))`
      const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
      const found = JSON.parse(output) as { name: string; score: number; box: number[] }[][]
      const voice = silentReport()
      await predict(
        {
          ...thresholds,
          model: { kind: 'onnx', file },
          labels: null,
          classMap: null,
          slice: null,
          provider: 'cpu',
          images: made.samples.map(({ id, file: path, cocoImageId }) => ({ id, file: path, cocoImageId })),
        },
        voice.report,
        undefined,
      )
      const wanted = made.samples.map(({ id }) => voice.detections.find(({ image }) => image === id)!.detections)
      expect(wanted.flat().length).toBeGreaterThan(0)
      wanted.forEach((list, i) => {
        expect(found[i].map(({ name }) => name)).toEqual(list.map(({ label }) => made.labels[label].name))
        list.forEach(({ score, box }, at) => {
          // The pixels are the same to the last bit.
          expect(Math.abs(found[i][at].score - score)).toBeLessThan(1e-6)
          box.forEach((value, side) => expect(Math.abs(found[i][at].box[side] - value)).toBeLessThan(1e-4))
        })
      })
      expect(existsSync(file)).toBe(true)
    },
    60_000,
  )

  it('travels with the model and its card in one zip, and runs from there as its card says', async () => {
    const { file, bundle } = await bundled('bundle.onnx')
    const there = join(dir, 'unzipped')
    await unzip(bundle, there, { maxFiles: 100, maxBytes: 2 ** 30 })
    expect(readdirSync(there).sort()).toEqual(
      ['README.md', 'bundle.onnx', 'card.json', 'detect.mjs', 'detect.py', 'package.json', 'requirements.txt'].sort(),
    )
    expect(readFileSync(join(there, 'bundle.onnx')).equals(readFileSync(file))).toBe(true)
    expect(readFileSync(join(there, 'README.md'), 'utf8')).toMatch(/Licence: CC-BY-4\.0[^]*node detect\.mjs photo\.jpg/)
    expect(JSON.parse(readFileSync(join(there, 'card.json'), 'utf8'))).toMatchObject({ licence: 'CC-BY-4.0' })
    const { dependencies } = JSON.parse(readFileSync(join(there, 'package.json'), 'utf8')) as typeof product
    for (const [name, wanted] of Object.entries(dependencies)) expect(`^${product.dependencies[name]}`).toBe(wanted)
    symlinkSync(resolve('node_modules'), join(there, 'node_modules'))
    const photo = made.samples[0].file
    const lines = execFileSync(process.execPath, ['detect.mjs', photo], { cwd: there, encoding: 'utf8' })
    expect(lines.trim().split('\n')).toHaveLength((await detected(file, photo)).length)
  }, 60_000)

  for (const nms of [false, true]) {
    python.test(`finds in Python what the run finds (suppression inside: ${nms})`, async () => {
      const { file } = await bundled(`python-${nms}.onnx`, nms)
      const { python: program } = (await results('snippets', { file })) as { python: string }
      writeFileSync(join(dir, 'detect.py'), program)
      const photos = made.samples.map((one) => one.file)
      const output = execFileSync(python.path, ['detect.py', ...photos], { cwd: dir, encoding: 'utf8' })
      for (const photo of photos) {
        const lines = output.split('\n').filter((line) => line.startsWith(`${photo} `))
        const found = lines.map((line) => line.slice(photo.length + 1).split(' '))
        const wanted = await detected(file, photo)
        expect(found.map(([name]) => name).sort()).toEqual(wanted.map(({ label }) => made.labels[label].name).sort())
        // OpenCV resizes in fixed point: bytes differ by one here and there.
        for (const { label, score, box } of wanted) {
          const near = found.some(
            ([name, s, ...b]) =>
              name === made.labels[label].name &&
              Math.abs(Number(s) - score) < 0.01 &&
              box.every((value, side) => Math.abs(Number(b[side]) - value) < 1),
          )
          expect([label, score, box, near]).toEqual([label, score, box, true])
        }
      }
    })
  }

  async function bundled(name: string, nms = false): Promise<{ file: string; bundle: string }> {
    const file = join(dir, name)
    await exportOnnx(
      { runDir: made.runDir, checkpoint: 'best', out: file, nms, dynamic: false, half: false, ...predictThresholds },
      { report: silentReport().report, ...host },
    )
    const context = { signal, log: () => {} }
    return { file, bundle: await bundleModel(store, { run: 'r1', file, licence: 'CC-BY-4.0' }, context) }
  }
  async function detected(file: string, photo: string) {
    const voice = silentReport()
    await predict(
      {
        ...predictThresholds,
        model: { kind: 'onnx', file },
        labels: null,
        classMap: null,
        slice: null,
        provider: 'cpu',
        images: [{ id: 1, file: photo, cocoImageId: 1 }],
      },
      voice.report,
      undefined,
    )
    return voice.detections[0].detections
  }
})
