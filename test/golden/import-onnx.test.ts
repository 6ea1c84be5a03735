/** The model files of the data folder as graphs: the same numbers as ONNX Runtime gives on the files themselves. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { rng } from '@shared/base/rng'
import { size } from '@shared/engine/graph'
import { decodeOnnx } from '@shared/engine/onnx/decode'
import { type ImportedGraph, importOnnx, untrainable } from '@shared/engine/onnx/import'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { inferenceGraph } from '@shared/engine/passes/inference'
import { openSession, tensor } from '../../src-worker/runtime/session'
import { need } from '../helpers/need'
import { relativeError } from '../helpers/run-graph'

const data = need('data')
const path = (name: string) => join(data.path, 'onnx', `${name}.onnx`)

/** Outputs by name of the imported graph, written again as a file. */
async function runImported({ graph: source, outputs, tensors }: ImportedGraph, feeds: Feeds): Promise<Results> {
  const { graph, roots } = inferenceGraph(source, [...outputs.values()], { tensors, fold: false })
  ;[...outputs.keys()].forEach((name, i) => graph.output(name, roots[i]))
  return run(encodeOnnx(graph), feeds)
}
type Feeds = Record<string, ReturnType<typeof tensor>>
type Results = Record<string, Float32Array>
async function run(model: Uint8Array | string, feeds: Feeds): Promise<Results> {
  const session = await openSession(model, { provider: 'cpu' })
  const outputs = await session.run(feeds)
  await session.close()
  return Object.fromEntries(Object.entries(outputs).map(([name, { data: numbers }]) => [name, numbers as Float32Array]))
}
function noise({ inputs }: ImportedGraph, top: number): Feeds {
  const random = rng('import')
  return Object.fromEntries(
    inputs.map((v) => [
      v.node.attrs.name as string,
      tensor(
        'float32',
        Float32Array.from({ length: size(v.shape) }, () => random.uniform(0, top)),
        v.shape,
      ),
    ]),
  )
}

data.describe('The import of', () => {
  for (const [name, top, weights] of [
    ['yolox_nano', 255, 223],
    ['yunet_n_320', 255, 106],
    ['tbefn', 1, 77],
    ['deeplab_v3', 1, 110],
  ] as const) {
    data.test(`${name} computes what the file computes, and all of it can be trained`, async () => {
      const imported = importOnnx(decodeOnnx(readFileSync(path(name))))
      expect(imported.tensors.size).toBe(weights)
      const feeds = noise(imported, top)
      const [own, theirs] = [await runImported(imported, feeds), await run(path(name), feeds)]
      expect(Object.keys(own).sort()).toEqual(Object.keys(theirs).sort())
      for (const [output, want] of Object.entries(theirs)) {
        expect(own[output].length, output).toBe(want.length)
        expect(relativeError(own[output], want), output).toBeLessThan(1e-5)
      }
      for (const value of imported.outputs.values()) expect(untrainable(value)).toEqual([])
    })
  }

  data.test('mobilenetv2_int8 de-quantises its weights and agrees with the int8 file but for rounding', async () => {
    const imported = importOnnx(decodeOnnx(readFileSync(path('mobilenetv2_int8'))), { dimensions: { batch_size: 2 } })
    expect(imported.inputs[0].shape).toEqual([2, 3, 224, 224])
    const feeds = noise(imported, 1)
    const [{ output: own }, { output: theirs }] = [
      await runImported(imported, feeds),
      await run(path('mobilenetv2_int8'), feeds),
    ]
    expect(own.length).toBe(2000)
    expect(relativeError(own, theirs)).toBeLessThan(0.2)
    // Real weights, not whole numbers with a factor behind them: what training needs.
    for (const [name, numbers] of imported.tensors) {
      if (name.endsWith('_bias')) continue
      const largest = numbers.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
      expect(largest, name).toBeLessThan(40)
    }
    expect(untrainable(imported.outputs.get('output')!)).toEqual([])
  })

  data.test('yolox_nano_with_post names the suppression, and gives what lies before it', async () => {
    const file = decodeOnnx(readFileSync(path('yolox_nano_with_post')))
    expect(() => importOnnx(file)).toThrow(
      expect.objectContaining({
        code: 'unsupported-op',
        message: expect.stringMatching(/main01_nonmaxsuppression11 \(NonMaxSuppression\).*known only when it runs/),
      }),
    )
    const imported = importOnnx(file, {}, ['main01_scores', 'x1y1x2y2'])
    expect(imported.outputs.get('main01_scores')!.shape).toEqual([1, 16, 3549])
    expect(imported.outputs.get('x1y1x2y2')!.shape).toEqual([1, 3549, 4])
    expect(untrainable(imported.outputs.get('x1y1x2y2')!).map(({ op }) => op)).toContain('ScatterND')
  })
})
