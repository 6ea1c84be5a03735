/** Exported files: what they say of themselves, that they compute the same, in every variant; opened as foreign ones. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parsePythonLiteral } from '@shared/base/python-literal'
import { evalThresholds, predictThresholds } from '@shared/contract/inference'
import { exportReportSchema, keepsAccuracy } from '@shared/contract/worker'
import { yoloxInput } from '@shared/domain/model-input'
import { decodeOnnxInfo } from '@shared/engine/onnx/decode-info'
import { ModelProtoSchema } from '@shared/engine/onnx/generated/onnx_pb'
import { models } from '@shared/catalog/models'
import { checkParity } from '../../../src-worker/export/check-parity'
import { compareDetections } from '../../../src-worker/export/compare-detections'
import { exportOnnx } from '../../../src-worker/export/export-onnx'
import { evaluate } from '../../../src-worker/predict/evaluate'
import { predict } from '../../../src-worker/predict/predict'
import { makeRun, type MadeRun } from '../../helpers/made-run'
import { canMount, mountSmallDisk } from '../../helpers/small-disk'
import { silentReport } from '../../helpers/silent-report'

let dir: string
let run: MadeRun
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tagwright-export-'))
  run = await makeRun(dir)
})
afterAll(() => rmSync(dir, { recursive: true }))

const variants = {
  plain: {},
  dynamic: { dynamic: true },
  nms: { nms: true },
  half: { half: true },
  all: { nms: true, dynamic: true, half: true },
}
type Variant = keyof typeof variants

async function write(variant: Variant, folder = dir) {
  const { report, logs } = silentReport()
  const out = join(folder, `${variant}.onnx`)
  const result = await exportOnnx(
    {
      runDir: run.runDir,
      checkpoint: 'best',
      out,
      nms: false,
      dynamic: false,
      half: false,
      ...predictThresholds,
      conf: 0.1,
      ...variants[variant],
    },
    { report, threadFile: null, loaderThreads: 0 },
  )
  return { out, result: exportReportSchema.parse(result), logs, bytes: readFileSync(out) }
}

const rows = 16 * 16 + 8 * 8 + 4 * 4
const names = ['buoy', "ship's cat", 'Möwe']

describe.each<[Variant, (number | string)[], (number | string)[]]>([
  ['plain', [1, 3, 128, 128], [1, rows, 8]],
  ['dynamic', ['batch', 3, 128, 128], ['batch', rows, 8]],
  ['nms', [1, 3, 128, 128], [1, 300, 6]],
  ['half', [1, 3, 128, 128], [1, rows, 8]],
  ['all', ['batch', 3, 128, 128], ['batch', 300, 6]],
])('%s', (variant, input, output) => {
  test('says what it is and computes the same', async () => {
    const { out, result, logs, bytes } = await write(variant)
    expect(result).toMatchObject({ file: out, bytes: statSync(out).size, opset: 17, input, output })
    expect(result.parity.images).toBe(3)
    expect(result.parity.ok).toBe(true)
    expect(result.parity.maxError).toBeGreaterThan(0)
    expect(logs).toEqual([])
    const half = variant === 'half' || variant === 'all'
    if (half) expect(keepsAccuracy(result.half)).toBe(true)
    else {
      expect(result.half).toBeNull()
      expect(result.parity.maxBoxError).toBeLessThan(0.01)
      expect(result.parity.maxScoreError).toBeLessThan(1e-4)
    }

    const info = decodeOnnxInfo(bytes)
    expect(info).toMatchObject({
      opset: 17,
      producer: 'tagwright',
      inputs: [{ name: 'images', type: 'float32', shape: input }],
      outputs: [{ name: 'output', type: 'float32', shape: output }],
    })
    // Only the standard's own operators: files work elsewhere.
    expect(info.domains.size).toBe(0)
    const { metadata } = info
    expect(parsePythonLiteral(metadata.get('names')!)).toEqual(new Map(names.map((name, i) => [i, name])))
    expect(parsePythonLiteral(metadata.get('imgsz')!)).toEqual([128, 128])
    expect(metadata.get('stride')).toBe('32')
    expect(metadata.get('task')).toBe('detect')
    expect(JSON.parse(metadata.get('input')!)).toEqual(yoloxInput)
    expect(JSON.parse(metadata.get('labels')!)).toEqual(run.labels)
    expect(info.ops.has('NonMaxSuppression')).toBe(variant === 'nms' || variant === 'all')
    expect(info.ops.has('BatchNormalization')).toBe(false)

    const { graph } = fromBinary(ModelProtoSchema, bytes)
    const nodeNames = graph!.node.map((node) => node.name)
    expect(new Set(nodeNames).size).toBe(nodeNames.length)
    expect(nodeNames).toContain('/backbone/backbone/dark3/0/pconv/conv/Conv')
    const weights = graph!.initializer.map(({ name }) => name)
    expect(new Set(weights).size).toBe(weights.length)
    for (const name of ['backbone.backbone.stem.conv.conv.weight', 'head.cls_preds.2.bias'])
      expect(weights).toContain(name)
    // A viewer sees the shape of every value.
    const described = new Set([...graph!.valueInfo, ...graph!.output].map(({ name }) => name))
    for (const node of graph!.node) for (const name of node.output) expect(described).toContain(name)
  })
})

describe('an exported file as a model', () => {
  const predictWith = async (model: Parameters<typeof predict>[0]['model'], conf = 0.1) => {
    const { report, detections, classes } = silentReport()
    const images = run.samples.map(({ id, file, cocoImageId }) => ({ id, file, cocoImageId }))
    await predict(
      { ...predictThresholds, conf, model, labels: run.labels, classMap: null, slice: null, provider: 'cpu', images },
      report,
      undefined,
    )
    return { detections, classes }
  }

  test('detects what its run detects, whatever the variant', async () => {
    const trained = await predictWith({ kind: 'run', runDir: run.runDir, checkpoint: 'best' })
    expect(trained.detections.flatMap(({ detections }) => detections).length).toBeGreaterThan(30)
    for (const variant of ['plain', 'dynamic', 'nms'] as const) {
      const { out } = await write(variant)
      const exported = await predictWith({ kind: 'onnx', file: out })
      trained.detections.forEach(({ image, width, height, detections }, i) => {
        const other = exported.detections[i]
        expect(other).toMatchObject({ image, width, height })
        expect(other.detections.length).toBe(detections.length)
        const errors = compareDetections(detections, other.detections, 0.101)
        expect(errors.box).toBeLessThan(0.01)
        expect(errors.score).toBeLessThan(1e-4)
      })
    }
  })

  test('evaluates to the same table as its run', async () => {
    const { out } = await write('dynamic')
    const table = async (model: Parameters<typeof evaluate>[0]['model']) => {
      const result = await evaluate(
        {
          ...evalThresholds,
          model,
          labels: run.labels,
          classMap: null,
          slice: null,
          provider: 'cpu',
          snapshot: join(run.runDir, 'snapshot.jsonl.gz'),
          split: 'val',
          predictions: null,
          plots: null,
        },
        { report: silentReport().report, threadFile: null, loaderThreads: 0 },
      )
      return result.stats.map((v) => v.toFixed(3))
    }
    expect(await table({ kind: 'onnx', file: out })).toEqual(
      await table({ kind: 'run', runDir: run.runDir, checkpoint: 'best' }),
    )
  })

  test('is written whole or not at all', async () => {
    const { report } = silentReport()
    const host = { report, threadFile: null, loaderThreads: 0 }
    const options = { runDir: run.runDir, checkpoint: 'best' as const, nms: false, dynamic: false, half: false }
    const out = join(dir, 'absent', 'model.onnx')
    await expect(exportOnnx({ ...options, ...predictThresholds, out }, host)).rejects.toMatchObject({
      code: 'not-writable',
    })
    await expect(
      exportOnnx({ ...options, ...predictThresholds, checkpoint: 'last', out: join(dir, 'x.onnx') }, host),
    ).rejects.toMatchObject({ code: 'not-found' })
    expect(readdirSync(dir).filter((name) => name.includes('x.onnx') || name.endsWith('.part'))).toEqual([])
  })
})

describe('the parity check', () => {
  const check = async (tensors: Map<string, Float32Array>, images: string[]) => {
    let nothing = 0
    const parity = await checkParity({
      file: (await write('plain')).out,
      model: models.get('yolox-nano'),
      params: {},
      classes: 3,
      tensors,
      size: [128, 128],
      images,
      thresholds: predictThresholds,
      tolerance: { box: 0.01, score: 1e-4 },
      onNothing: () => nothing++,
      signal: undefined,
    })
    return { parity, nothing }
  }
  test('sees biases of another value', async () => {
    const images = run.samples.map(({ file }) => file)
    expect((await check(run.tensors, images)).parity).toMatchObject({ images: 6, ok: true })
    const other = new Map(run.tensors)
    for (const level of [0, 1, 2]) {
      const name = `head.reg_preds.${level}.bias`
      other.set(
        name,
        run.tensors.get(name)!.map((v) => v + 0.01),
      )
    }
    const { parity } = await check(other, images)
    expect(parity.ok).toBe(false)
    expect(parity.maxBoxError).toBeGreaterThan(0.05)
    expect(parity.maxScoreError).toBeLessThan(1e-4)
  })
  test('compares on noise when no image can be read', async () => {
    const { parity } = await check(run.tensors, [join(dir, 'gone.png')])
    expect(parity).toMatchObject({ images: 0, ok: true })
    expect(parity.maxError).toBeGreaterThan(0)
  })
})

describe('comparing detections', () => {
  const box = [0, 0, 10, 10] as const
  test('finds a moved box, another score, another class and a missing one', () => {
    const one = [{ label: 0, score: 0.5, box }]
    expect(compareDetections(one, one, 0.1)).toEqual({ box: 0, score: 0 })
    expect(compareDetections(one, [{ label: 0, score: 0.5, box: [0, 0, 10, 10.5] }], 0.1)).toEqual({
      box: 0.5,
      score: 0,
    })
    expect(compareDetections(one, [{ label: 0, score: 0.25, box }], 0.1)).toEqual({ box: 0, score: 0.25 })
    expect(compareDetections(one, [{ label: 1, score: 0.4, box }], 0.1)).toEqual({ box: 0, score: 0.5 })
    expect(compareDetections([], one, 0.1)).toEqual({ box: 0, score: 0.5 })
    expect(compareDetections([], [{ label: 0, score: 0.05, box }], 0.1)).toEqual({ box: 0, score: 0 })
  })
})

test.skipIf(!canMount)(
  `a full disk is said to be full, and the file that was there stays${canMount ? '' : ' [needs root on Linux]'}`,
  async (context) => {
    const disk = mountSmallDisk(join(dir, 'disk'), '256k')
    if (!disk) return context.skip('tmpfs cannot be mounted here')
    try {
      writeFileSync(join(dir, 'disk/plain.onnx'), 'an older model')
      disk.fill()
      await expect(write('plain', join(dir, 'disk'))).rejects.toMatchObject({ code: 'disk-full' })
      expect(readFileSync(join(dir, 'disk/plain.onnx'), 'utf8')).toBe('an older model')
      expect(readdirSync(join(dir, 'disk')).sort()).toEqual(['ballast', 'plain.onnx'])
    } finally {
      disk.unmount()
    }
  },
)
