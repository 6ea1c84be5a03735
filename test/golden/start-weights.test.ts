/** Start weights from the YOLOX-nano file of the data folder: names gone, batch norm folded, 80 classes. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { rng } from '@shared/base/rng'
import { detectorProgram } from '@shared/catalog/detector'
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import { models } from '@shared/catalog/models'
import { readOnnxWeights } from '@shared/catalog/onnx-weights'
import adamw from '@shared/catalog/optimizers/adamw'
import { decodeOnnx } from '@shared/engine/onnx/decode'
import { openSession, tensor } from '../../src-worker/runtime/session'
import { calibrateNorms } from '../../src-worker/train/calibrate'
import { initialTensors } from '../../src-worker/train/initial'
import { describeStart, startWeights } from '../../src-worker/train/start-weights'
import { makeRun } from '../helpers/made-run'
import { need } from '../helpers/need'
import { relativeError } from '../helpers/run-graph'

const data = need('data')
const folder = mkdtempSync(join(tmpdir(), 'tagwright-start-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = join(data.path, 'onnx/yolox_nano.onnx')
const nano = models.get('yolox-nano')

async function run(model: Uint8Array | string, pixels: Float32Array): Promise<Float32Array> {
  const session = await openSession(model, { provider: 'cpu' })
  const { output } = await session.run({ images: tensor('float32', pixels, [1, 3, 416, 416]) })
  await session.close()
  return output.data as Float32Array
}
/** Probabilities of the file's raw grid; boxes are decoded by one of the two only. */
const probabilities = (rows: Float32Array) => rows.filter((_, i) => i % 85 > 3)

const startOptions = async (labels: string[], model = nano) => {
  const { samples } = await makeRun(mkdtempSync(join(folder, 'run-')))
  const program = detectorProgram({
    model,
    classes: labels.length,
    batch: 2,
    size: [128, 128],
    optimizer: adamw,
    weightDecay: 0,
    block: 0,
  })
  const initial = initialTensors(program, 3)
  return {
    program,
    initial,
    labels,
    model,
    params: {},
    samples,
    size: [128, 128] as const,
    threadFile: null,
    loaderThreads: 0,
  }
}

data.describe('A folded YOLOX-nano file', () => {
  data.test('fills every layer of the catalog model, which then computes exactly what the file computes', async () => {
    const found = readOnnxWeights(decodeOnnx(readFileSync(file)), nano, { classes: 80 })
    expect(found.missing).toEqual([])
    expect(found.ignored).toEqual([])
    expect(found.folded).toHaveLength(104)
    const random = rng('start')
    const pixels = Float32Array.from({ length: 3 * 416 * 416 }, () => random.int(0, 255))
    const inference = buildInference(nano, 80, found.tensors, { batch: 1, size: [416, 416] })
    const [own, theirs] = [await run(encodeInference(inference), pixels), await run(file, pixels)]
    expect(relativeError(probabilities(own), probabilities(theirs))).toBeLessThan(1e-6)
  })

  data.test('computes the same after the norms got the statistics of images', async () => {
    const { tensors, folded } = readOnnxWeights(decodeOnnx(readFileSync(file)), nano, { classes: 80 })
    const before = new Map(tensors)
    const { samples } = await makeRun(mkdtempSync(join(folder, 'run-')))
    await calibrateNorms(tensors, {
      model: nano,
      classes: 80,
      params: {},
      norms: folded,
      samples,
      size: [128, 128],
      threadFile: null,
      loaderThreads: 0,
    })
    const stem = 'backbone.backbone.stem.conv.bn'
    expect(tensors.get(`${stem}.running_var`)).not.toEqual(before.get(`${stem}.running_var`))
    // The scale of a norm that is its own input's deviation: gamma = sqrt(var + eps) where the file's slope was 1.
    const [gamma, variance] = ['weight', 'running_var'].map((leaf) => tensors.get(`${stem}.${leaf}`)!)
    gamma.forEach((g, c) => expect(g).toBeCloseTo(Math.sqrt(variance[c] + 1e-3), 4))
    const random = rng('start')
    const pixels = Float32Array.from({ length: 3 * 416 * 416 }, () => random.int(0, 255))
    const after = buildInference(nano, 80, tensors, { batch: 1, size: [416, 416] })
    const same = probabilities(await run(encodeInference(after), pixels))
    const want = probabilities(await run(file, pixels))
    // Pictures of noise are far from what the norms saw, and the function must still be the same.
    expect(relativeError(same, want)).toBeLessThan(1e-4)
  })

  data.test('gives a run all but the class layers, and keeps the rows of classes it knows by name', async () => {
    const options = await startOptions(['tug', 'Boat', 'person'])
    const { tensors, report } = await startWeights(file, options)
    expect(report.initialised).toEqual([])
    expect(report.classes).toEqual(['Boat', 'person'])
    expect(report.norms).toBe(104)
    const original = readOnnxWeights(decodeOnnx(readFileSync(file)), nano, { classes: 80 }).tensors
    const [rows, theirs] = [tensors, original].map((all) => all.get('head.cls_preds.0.weight')!)
    const width = theirs.length / 80
    expect(rows.subarray(0, width)).toEqual(options.initial.get('head.cls_preds.0.weight')!.subarray(0, width))
    expect(rows.subarray(width, 2 * width)).toEqual(theirs.subarray(8 * width, 9 * width))
    expect(rows.subarray(2 * width)).toEqual(theirs.subarray(0, width))
  })

  data.test('reports what is initialised anew', async () => {
    const { report } = await startWeights(file, await startOptions(['RBC', 'WBC', 'Platelets']))
    expect(report.initialised).toHaveLength(6)
    expect(report.initialised.every((name) => name.startsWith('head.cls_preds'))).toBe(true)
    expect(describeStart(report)).toMatch(/532 tensors loaded; 104 batch norms put back in.*6 initialised anew/)
  })

  data.test('gives towers of points, which it has not, the numbers of those of boxes', async () => {
    const options = await startOptions(['mouse'], models.get('yolox-pose-nano'))
    const { tensors, report } = await startWeights(file, options)
    const towers = [...tensors.keys()].filter((name) => name.startsWith('head.kpt_convs.'))
    expect(towers.toSorted()).toEqual(report.borrowed.toSorted())
    for (const name of towers) expect(tensors.get(name)).toEqual(tensors.get(name.replace('kpt_', 'reg_')))
    expect(tensors.get(towers[0])).not.toEqual(options.initial.get(towers[0]))
    // Only the layers that tell classes and points know nothing.
    expect(report.initialised.every((name) => /^head\.(cls|kpt)_preds/.test(name))).toBe(true)
    expect(describeStart(report)).toContain(`${towers.length} begin as others of the file (head.kpt_convs.`)
  })

  data.test('is refused for another model by the name of the one that it fits', async () => {
    await expect(startWeights(file, await startOptions(['a'], models.get('yolox-tiny')))).rejects.toMatchObject({
      code: 'weights-do-not-fit',
      message: expect.stringContaining('--model yolox-nano'),
    })
  })

  data.test('cut off, or with its weights elsewhere, gives a clear message', async () => {
    const options = await startOptions(['a'])
    const cut = join(folder, 'cut.onnx')
    writeFileSync(cut, readFileSync(file))
    truncateSync(cut, 1_000_000)
    await expect(startWeights(cut, options)).rejects.toMatchObject({ code: 'bad-model' })
    await expect(startWeights(join(data.path, 'onnx/missing_external_data.onnx'), options)).rejects.toMatchObject({
      code: 'missing-external-data',
      message: expect.stringContaining('mobilenet_v2_fp32.onnx.data'),
    })
  })
})
