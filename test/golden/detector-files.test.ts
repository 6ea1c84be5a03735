/** Detector files of others: YOLOX-nano's published accuracy on 128 COCO images, and what is refused with which words. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect } from 'vitest'
import { concreteSliceSchema, evalThresholds, predictThresholds } from '@shared/contract/inference'
import { evaluate } from '../../src-worker/predict/evaluate'
import { inspectOnnx, openOnnxDetector } from '../../src-worker/predict/onnx-detector'
import { scorePredictions } from '../../src-worker/predict/score-predictions'
import { predict } from '../../src-worker/predict/predict'
import { cocoSnapshot, writeSnapshotFile } from '../helpers/coco-snapshot'
import { need } from '../helpers/need'
import { silentReport } from '../helpers/silent-report'

const data = need('data')
const onnx = (name: string) => join(data.path, 'onnx', `${name}.onnx`)
const coco128 = () =>
  cocoSnapshot(
    join(data.path, 'detect/coco128/annotations/instances_train2017.json'),
    join(data.path, 'detect/coco128/images/train2017'),
  )

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tagwright-files-'))
  return () => rmSync(dir, { recursive: true })
})

data.describe('YOLOX-nano as its authors exported it', () => {
  data.test('detects on coco128 as well as the reference, and always the same', async () => {
    const { header, samples } = coco128()
    writeSnapshotFile(join(dir, 'snapshot.jsonl.gz'), header, samples)
    const { report, logs } = silentReport()
    const result = await evaluate(
      {
        ...evalThresholds,
        model: { kind: 'onnx', file: onnx('yolox_nano') },
        labels: header.labels,
        classMap: null,
        slice: null,
        provider: 'cpu',
        snapshot: join(dir, 'snapshot.jsonl.gz'),
        split: 'test',
        predictions: join(dir, 'predictions.json'),
        plots: join(dir, 'plots'),
      },
      { report, threadFile: null, loaderThreads: 0 },
    )
    expect(logs).toEqual([])
    // The reference's own numbers; APl and AR depend most on its limits of boxes an image, which are not known.
    const reference = { AP: 0.338, AP50: 0.518 }
    for (const [name, value] of Object.entries(reference))
      expect(Math.abs(result.coco[name] - value), name).toBeLessThan(0.002)
    const rough = { AP75: 0.33, APs: 0.158, APm: 0.366, APl: 0.557, AR100: 0.481 }
    for (const [name, value] of Object.entries(rough))
      expect(Math.abs(result.coco[name] - value), name).toBeLessThan(0.009)
    expect(result.images).toBe(128)
    const rows = JSON.parse(readFileSync(join(dir, 'predictions.json'), 'utf8')) as { category_id: number }[]
    expect(rows.length).toBeGreaterThan(1000)
    expect(new Set(rows.map((row) => row.category_id)).size).toBeGreaterThan(40)
    // The file scores the same as what it was written from.
    const again = await scorePredictions({
      snapshot: join(dir, 'snapshot.jsonl.gz'),
      split: 'test',
      predictions: join(dir, 'predictions.json'),
      iouType: 'bbox',
    })
    expect(again.stats).toEqual(result.stats)
    expect(readdirSync(join(dir, 'plots')).sort()).toEqual([
      'confusion.csv',
      'f1.csv',
      'pr.csv',
      'precision.csv',
      'recall.csv',
    ])
    const confusion = readFileSync(join(dir, 'plots/confusion.csv'), 'utf8').trimEnd().split('\n')
    expect(confusion).toHaveLength(82)
    expect(confusion[81].split(',')).toHaveLength(82)
  })

  data.test('gives the same boxes from image files alone, named by COCO', async () => {
    const { header, samples } = coco128()
    const some = samples.slice(0, 6)
    const run = async (slice: { size: number; overlap: number } | null) => {
      const { report, detections, classes } = silentReport()
      const result = await predict(
        {
          ...predictThresholds,
          model: { kind: 'onnx', file: onnx('yolox_nano') },
          labels: null,
          classMap: null,
          slice: slice && concreteSliceSchema.parse(slice),
          provider: 'cpu',
          images: [...some, { id: 999, file: join(dir, 'absent.jpg'), cocoImageId: 999 }],
        },
        report,
        undefined,
      )
      return { result, detections, classes }
    }
    const whole = await run(null)
    expect(whole.classes).toEqual([header.labels.map(({ name }) => name)])
    expect(whole.result.labels).toEqual(whole.classes[0])
    expect(whole.result.failed).toEqual([
      expect.objectContaining({ id: 999, message: expect.stringContaining('absent.jpg') }),
    ])
    expect(whole.detections.map(({ image }) => image)).toEqual(some.map(({ id }) => id))
    expect(whole.result.detections).toBeGreaterThan(6)
    for (const { image, width, height, detections } of whole.detections) {
      const sample = some.find(({ id }) => id === image)!
      expect([width, height]).toEqual([sample.width, sample.height])
      expect(detections.map(({ score }) => score)).toEqual(detections.map(({ score }) => score).sort((a, b) => b - a))
      for (const { box } of detections) {
        expect(Math.min(...box)).toBeGreaterThanOrEqual(0)
        expect(box[2]).toBeLessThanOrEqual(width)
        expect(box[3]).toBeLessThanOrEqual(height)
      }
    }
    // The loader of evaluations and the reader of single files make the same pixels.
    writeSnapshotFile(join(dir, 's.gz'), { ...header, samples: some.length }, some)
    await evaluate(
      {
        ...predictThresholds,
        model: { kind: 'onnx', file: onnx('yolox_nano') },
        labels: header.labels,
        classMap: null,
        slice: null,
        provider: 'cpu',
        snapshot: join(dir, 's.gz'),
        split: null,
        predictions: join(dir, 'p.json'),
        plots: null,
      },
      { report: silentReport().report, threadFile: null, loaderThreads: 0 },
    )
    const rows = JSON.parse(readFileSync(join(dir, 'p.json'), 'utf8')) as {
      image_id: number
      score: number
      bbox: number[]
    }[]
    for (const { image, detections } of whole.detections) {
      const same = rows.filter((row) => row.image_id === image)
      expect(same.map(({ score }) => score)).toEqual(detections.map(({ score }) => score))
      same.forEach(({ bbox }, i) => expect(bbox[0]).toBe(detections[i].box[0]))
    }
    // Slices find more of the small things and nothing twice.
    const sliced = await run({ size: 256, overlap: 0.2 })
    expect(sliced.result.detections).toBeGreaterThan(whole.result.detections)
  })
})

data.describe('files that are no detector for this product', () => {
  const refused: [string, string, RegExp][] = [
    ['missing_external_data', 'missing-external-data', /keeps its weights in "mobilenet_v2_fp32\.onnx\.data"/],
    ['yunet_n_320', 'unknown-model', /its outputs \("cls_8" \[1, 1600, 1\]/],
    ['deeplab_v3', 'unknown-model', /ResizeBilinear_3/],
    ['tbefn', 'unknown-model', /its outputs/],
    ['mobilenetv2_int8', 'unknown-model', /"output" \[batch_size, 1000\]/],
  ]
  for (const [name, code, message] of refused)
    data.test(name, async () => {
      const error = await openOnnxDetector(onnx(name), { batch: 1, provider: 'cpu' }).catch((e: Error) => e)
      expect(error).toMatchObject({ code })
      expect((error as Error).message).toMatch(message)
    })
})

data.describe('reading what a file says of itself', () => {
  data.test('YOLOX-nano and its variant with suppression inside', async () => {
    const nano = await inspectOnnx(onnx('yolox_nano'))
    expect(nano).toMatchObject({ opset: 11, inputs: [{ name: 'images', type: 'float32', shape: [1, 3, 416, 416] }] })
    expect(nano.outputs).toEqual([{ name: 'output', type: 'float32', shape: [1, 3549, 85] }])
    expect(nano.ops.get('Conv')).toBeGreaterThan(80)
    const post = await openOnnxDetector(onnx('yolox_nano_with_post'), { batch: 8, provider: 'cpu' })
    expect(post.spec.output).toEqual({ name: 'batchno_classid_score_x1y1x2y2', format: 'listed', suppressed: true })
    expect(post.spec.input).toMatchObject({ batch: 1, width: 416, height: 416 })
    const blank = new Float32Array(3 * 416 * 416).fill(114)
    expect(await post.run(blank, [1, 3, 416, 416], 1, 0.25)).toHaveLength(1)
    await post.close()
  })
})
