/** Inference graphs of a detector: folding, open batch, suppression inside, half precision. */
import { beforeAll, describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { rng } from '@shared/base/rng'
import { buildInference, encodeInference, type DetectorInferenceOptions } from '@shared/catalog/detector-inference'
import { models } from '@shared/catalog/models'
import { suppress } from '@shared/catalog/suppress'
import { Graph } from '@shared/engine/graph'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { nms } from '@shared/evaluation/nms'
import { decodeOutput } from '../../../src-worker/predict/decode-output'
import { openSession, tensor } from '../../../src-worker/runtime/session'
import { randomWeights } from '../../helpers/random-weights'

const model = models.get('yolox-nano')
const classes = 4
const size = [96, 64] as const
let tensors: Map<string, Float32Array>
beforeAll(() => {
  tensors = randomWeights(model, classes, 1)
})

const pixels = (batch: number) => {
  const random = rng('pixels')
  return Float32Array.from({ length: batch * 3 * size[0] * size[1] }, () => random.int(0, 255))
}
async function run(options: Partial<DetectorInferenceOptions>, batch: number) {
  const inference = buildInference(model, classes, tensors, { batch, size, ...options })
  const session = await openSession(encodeInference(inference, { valueInfo: true }), { provider: 'cpu' })
  const { output } = await session.run({ images: tensor('float32', pixels(batch), [batch, 3, ...size]) })
  await session.close()
  return { data: output.data as Float32Array, dims: output.dims, inference }
}
const largest = (a: Float32Array, b: Float32Array) => a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0)

describe('the graph', () => {
  test('has the same output with batch norms folded, and none of them left', async () => {
    const plain = await run({ fold: false }, 2)
    const folded = await run({}, 2)
    expect(folded.dims).toEqual([2, 12 * 8 + 6 * 4 + 3 * 2, 5 + classes])
    expect(largest(plain.data, folded.data)).toBeLessThan(2e-3)
    const ops = folded.inference.graph.reachable().map((node) => node.op.name)
    expect(ops).not.toContain('BatchNormalization')
    // Nothing that an ONNX viewer would have to hide: no identities, no arithmetic on constants.
    expect(ops).not.toContain('Identity')
  })

  test('folds in float64: the weights are the rounded exact ones', async () => {
    const { graph } = (await run({}, 1)).inference
    const name = 'backbone.backbone.dark3.0.pconv'
    const constants = graph.reachable().filter((node) => node.op.name === 'Constant')
    const find = (suffix: string) => graph.data(constants.find((node) => node.attrs.name === suffix)!.outputs[0])
    const at = (suffix: string) => tensors.get(`${name}.${suffix}`)!
    const weight = find(`${name}.conv.weight`)
    const bias = find(`${name}.conv.bias`)
    const perChannel = weight.length / bias.length
    for (let c = 0; c < bias.length; c++) {
      const factor = at('bn.weight')[c] / Math.sqrt(at('bn.running_var')[c] + 1e-3)
      expect(bias[c]).toBe(Math.fround(at('bn.bias')[c] - at('bn.running_mean')[c] * factor))
      for (let i = c * perChannel; i < (c + 1) * perChannel; i++)
        expect(weight[i]).toBe(Math.fround(at('conv.weight')[i] * factor))
    }
  })

  test('runs with batch 1 and 3 when the batch is open', async () => {
    const bytes = encodeInference(buildInference(model, classes, tensors, { batch: 1, size, dynamic: true }), {
      valueInfo: true,
    })
    const session = await openSession(bytes, { provider: 'cpu' })
    for (const batch of [1, 3]) {
      const feed = tensor('float32', pixels(batch), [batch, 3, ...size])
      const { output } = await session.run({ images: feed })
      const fixed = await run({}, batch)
      expect(output.dims).toEqual(fixed.dims)
      expect(largest(output.data as Float32Array, fixed.data)).toBeLessThan(1e-3)
    }
    await session.close()
  })

  test('suppresses inside as the product does outside, for fixed and open batches', async () => {
    const thresholds = { conf: 0.25, iou: 0.3, maxDet: 40 }
    const { data, dims } = await run({}, 3)
    for (const dynamic of [false, true]) {
      const inside = await run({ nms: thresholds, dynamic }, 3)
      expect(inside.dims).toEqual([3, 40, 6])
      for (let image = 0; image < 3; image++) {
        const rows = outside({ data, dims }, image, thresholds)
        expect(rows.length).toBeGreaterThan(5)
        const got = table(inside.data, image, 40)
        expect(got.length).toBe(rows.length)
        got.forEach((row, i) => row.forEach((v, j) => expect(v).toBeCloseTo(rows[i][j], 3)))
      }
    }
  })

  test('in half precision has float16 weights, float32 ends and float32 decoding', async () => {
    const full = await run({}, 1)
    const half = await run({ half: true }, 1)
    const { graph, output } = half.inference
    expect(output.dtype).toBe('float32')
    expect(graph.inputs.get('images')!.dtype).toBe('float32')
    for (const { op, inputs, path } of graph.reachable()) {
      if (op.name === 'Conv') expect(inputs.map((v) => v?.dtype)).toEqual(['float16', 'float16', 'float16'])
      if (op.name === 'Exp' || path.startsWith('decode.Mul')) expect(inputs[0]!.dtype).toBe('float32')
    }
    const probabilities = (data: Float32Array) => data.filter((_, i) => i % (5 + classes) >= 4)
    expect(largest(probabilities(full.data), probabilities(half.data))).toBeLessThan(0.02)
    expect(largest(probabilities(full.data), probabilities(half.data))).toBeGreaterThan(0)
    const fullBytes = encodeInference(full.inference).length
    expect(encodeInference(half.inference).length).toBeLessThan(0.62 * fullBytes)
  })

  test('refuses weights of another class count by name', () => {
    expect(() => buildInference(model, 7, tensors, { batch: 1, size })).toThrow(
      expect.objectContaining({ code: 'weights-do-not-fit', message: expect.stringContaining('head.cls_preds.0') }),
    )
  })
})

type Thresholds = { conf: number; iou: number; maxDet: number }
/** Suppression outside of the graph. */
function outside(output: { data: Float32Array; dims: readonly number[] }, image: number, at: Thresholds) {
  const found = decodeOutput(output, {
    format: 'centre-objectness-classes',
    image,
    conf: at.conf,
    width: size[1],
    height: size[0],
  })
  const kept = nms(found.boxes, found.scores, found.classes, { ...at, maxCandidates: Infinity })
  return Array.from(kept, (i) => [...found.boxes.subarray(4 * i, 4 * i + 4), found.scores[i], found.classes[i]])
}
/** Rows of the suppressed output up to the zeros; everything after them must be zero. */
function table(data: Float32Array, image: number, maxDet: number): number[][] {
  const rows = Array.from({ length: maxDet }, (_, i) => [
    ...data.subarray((image * maxDet + i) * 6, (image * maxDet + i + 1) * 6),
  ])
  const used = rows.findIndex((row) => row[4] === 0)
  if (used < 0) return rows
  for (const row of rows.slice(used)) expect(row.every((v) => v === 0)).toBe(true)
  return rows.slice(0, used)
}

describe('suppression inside a graph', () => {
  const [anchors, count] = [30, 3]
  const open = async (at: Thresholds, batch: number) => {
    const graph = new Graph()
    const { rows, open: free } = suppress(graph.input('x', [batch, anchors, 5 + count]), at)
    graph.output('y', rows)
    return openSession(encodeOnnx(graph, { open: new Map(free.map((v) => [v, { 0: 'kept' }])) }), { provider: 'cpu' })
  }
  // Few distinct values: equal scores, equal classes, equal boxes and IoUs that lie on the limit.
  const row = fc.tuple(
    fc.constantFrom(10, 11, 12, 15, 20),
    fc.constantFrom(10, 12),
    fc.constantFrom(4, 6, 8, 0),
    fc.constantFrom(4, 8),
    fc.constantFrom(0, 0.25, 0.5, 1),
    fc.constantFrom(0, 0.5, 0.75),
    fc.constantFrom(0, 0.5, 0.75),
    fc.constantFrom(0, 0.5),
  )

  test.each<Thresholds>([
    { conf: 0.25, iou: 0.5, maxDet: 300 },
    { conf: 0.1, iou: 0.45, maxDet: 5 },
    { conf: 0, iou: 1, maxDet: 30 },
  ])('equals the external one for ties of every kind: $conf $iou $maxDet', async (at) => {
    const session = await open(at, 2)
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 2 * anchors, maxLength: 2 * anchors }), async (rows) => {
        const data = Float32Array.from(rows.flat())
        const dims = [2, anchors, 5 + count]
        const { y } = await session.run({ x: tensor('float32', data, dims) })
        for (const image of [0, 1])
          expect(table(y.data as Float32Array, image, at.maxDet)).toEqual(outside({ data, dims }, image, at))
      }),
      { numRuns: 60 },
    )
    await session.close()
  })

  test('gives only zeros where nothing is above the confidence', async () => {
    const session = await open({ conf: 0.9, iou: 0.5, maxDet: 10 }, 1)
    const x = tensor('float32', new Float32Array(anchors * 8).fill(0.5), [1, anchors, 8])
    const { y } = await session.run({ x })
    expect([...(y.data as Float32Array)].every((v) => v === 0)).toBe(true)
    await session.close()
  })
})
