/** Feature maps: what is shown of a node is what ONNX Runtime computes there. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { describeCatalogModel } from '@shared/catalog/describe-catalog-model'
import { describeNetwork } from '@shared/catalog/imported/describe-network'
import { models } from '@shared/catalog/models'
import type { ModelInput } from '@shared/domain/model-input'
import { Graph } from '@shared/engine/graph'
import { Nn } from '@shared/engine/nn'
import { decodeOnnx } from '@shared/engine/onnx/decode'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { conv, mul, relu, reshape } from '@shared/engine/ops'
import { inferenceGraph } from '@shared/engine/passes/inference'
import { computeFeatureMaps } from '../../../src-worker/predict/feature-maps'
import { openSession, tensor } from '../../../src-worker/runtime/session'
import { makeRun, type MadeRun } from '../../helpers/made-run'
import { relativeError } from '../../helpers/run-graph'
import { tinyNetwork } from '../../helpers/tiny-network'

const SIDE = 64
const rgb: ModelInput = { order: 'RGB', range: 255, mean: [0, 0, 0], std: [1, 1, 1], pad: 114, align: 'topleft' }
let folder: string
let image: string
/** The picture as it lies in the file, R G B. */
let pixels: Uint8Array
let run: MadeRun

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'feature-maps-'))
  const random = rng('picture')
  pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, () => random.int(0, 255))
  image = join(folder, 'a.png')
  await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toFile(image)
  run = await makeRun(folder, { images: 1, size: SIDE })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** [1, 3, 64, 64] with the channels in an order. */
const planes = (order: readonly number[]) =>
  Float32Array.from({ length: 3 * SIDE * SIDE }, (_, i) => {
    const plane = SIDE * SIDE
    return pixels[3 * (i % plane) + order[Math.floor(i / plane)]]
  })
async function maps(
  options: Omit<Parameters<typeof computeFeatureMaps>[0], 'out' | 'image' | 'output'> & { image?: string },
) {
  const out = join(folder, 'maps.f32')
  const told = await computeFeatureMaps({ image, output: 0, out, ...options })
  const bytes = readFileSync(out)
  return { ...told, data: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) }
}
const write = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}
const nodesOf = (file: string) => describeNetwork(decodeOnnx(readFileSync(file)), { file, title: 'a', bytes: 1 }).nodes

describe('of a file', () => {
  it('are those of a file that has the node as its output', async () => {
    const file = write('tiny.onnx', tinyNetwork())
    const nodes = nodesOf(file)
    const node = nodes.findIndex(({ name, op }) => op === 'Relu' && name.includes('stage1'))
    const shown = await maps({ source: { kind: 'file', file }, node, pixels: rgb })
    expect(shown).toMatchObject({
      channels: 16,
      height: 16,
      width: 16,
      assumed: false,
      name: nodes[node].outputs[0].name,
    })
    // The same two layers, written anew.
    const graph = new Graph()
    const layer = (x: Parameters<typeof conv>[0], channels: number) => {
      const shape = [channels, x.shape[1], 3, 3]
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i) / 9)
      return relu(conv(x, graph.constant(data, shape), { strides: [2, 2], pads: [1, 1, 1, 1] }))
    }
    graph.output('y', layer(layer(graph.input('images', [1, 3, SIDE, SIDE]), 8), 16))
    const session = await openSession(encodeOnnx(graph), { provider: 'cpu' })
    const { y } = await session.run({ images: tensor('float32', planes([0, 1, 2]), [1, 3, SIDE, SIDE]) })
    await session.close()
    expect(relativeError(shown.data, y.data as Float32Array)).toBeLessThan(1e-6)
  })

  it('say that pixels are assumed, where nothing tells them, and where a picture lies that is not square', async () => {
    const file = write('tiny.onnx', tinyNetwork())
    const wide = join(folder, 'wide.png')
    await sharp({ create: { width: 32, height: 16, channels: 3, background: '#123456' } })
      .png()
      .toFile(wide)
    const shown = await maps({ source: { kind: 'file', file }, node: 1, image: wide })
    expect(shown).toMatchObject({
      assumed: true,
      pixels: { range: 1, align: 'center' },
      image: { width: 32, height: 16 },
    })
    expect(shown.place).toEqual({ scale: 2, offsetX: 0, offsetY: 16 })
    // What has no places is one number for each channel.
    const last = nodesOf(file).length - 1
    expect(await maps({ source: { kind: 'file', file }, node: last, image: wide })).toMatchObject({ channels: 40, height: 1, width: 1 }) // prettier-ignore
  })

  it('of one channel take the luma; open sides are as large as is asked for', async () => {
    const graph = new Graph()
    const x = graph.input('x', [1, 1, 32, 32])
    const y = mul(x, graph.scalar(2))
    graph.output('y', relu(y))
    const open = new Map([x, y].map((value) => [value, { 2: 'h', 3: 'w' }]))
    const file = write('grey.onnx', encodeOnnx(graph, { open }))
    const shown = await maps({ source: { kind: 'file', file }, node: 0, side: SIDE, pixels: rgb })
    expect(shown).toMatchObject({ channels: 1, height: SIDE, width: SIDE })
    const luma = (i: number) => 2 * (0.299 * pixels[3 * i] + 0.587 * pixels[3 * i + 1] + 0.114 * pixels[3 * i + 2])
    expect(
      relativeError(
        shown.data,
        Float64Array.from({ length: SIDE * SIDE }, (_, i) => luma(i)),
      ),
    ).toBeLessThan(1e-6)
  })

  it('are refused where there is no picture', async () => {
    const graph = new Graph()
    const x = graph.input('x', [1, 3, 8, 8])
    graph.output('y', relu(reshape(x, [1, 3, 64])))
    const file = write('rows.onnx', encodeOnnx(graph))
    const node = nodesOf(file).findIndex(({ op }) => op === 'Reshape')
    await expect(maps({ source: { kind: 'file', file }, node })).rejects.toMatchObject({ code: 'no-maps' })
    await expect(maps({ source: { kind: 'file', file }, node: 99 })).rejects.toMatchObject({ code: 'not-found' })
    const numbers = new Graph()
    numbers.output('y', relu(numbers.input('x', [1, 10])))
    const other = write('numbers.onnx', encodeOnnx(numbers))
    await expect(maps({ source: { kind: 'file', file: other }, node: 0 })).rejects.toMatchObject({
      code: 'unknown-model',
    })
  })
})

describe('of a run', () => {
  const recipe = { model: { id: 'yolox-nano' } }
  const described = () =>
    describeCatalogModel({ id: 'yolox-nano', params: {}, surgery: [], freeze: [], classes: 3, side: SIDE }).nodes

  it('are those of the whole network without folding, at a convolution, a norm and behind them', async () => {
    const nodes = described()
    const source = { kind: 'model' as const, recipe, classes: 3, runDir: run.runDir }
    const model = models.get('yolox-nano')
    for (const op of ['Conv', 'BatchNormalization', 'Silu', 'Concat']) {
      const node = nodes.findIndex((one) => one.op === op && one.scope.includes('dark3'))
      const shown = await maps({ source, node })
      expect([1, shown.channels, shown.height, shown.width]).toEqual(nodes[node].outputs[0].shape)
      const graph = new Graph()
      const nn = new Nn(graph, false)
      const end = model.output(model.build(nn, graph.input('images', [1, 3, SIDE, SIDE]), { classes: 3, params: {} }))
      const value = graph.reachable([end]).find(({ path }) => path === shown.name)!.outputs[0]
      const plain = inferenceGraph(graph, [end, value], { tensors: run.tensors, fold: false })
      plain.graph.output('end', plain.roots[0])
      plain.graph.output('y', plain.roots[1])
      const session = await openSession(encodeOnnx(plain.graph), { provider: 'cpu' })
      // YOLOX wants B G R.
      const { y } = await session.run({ images: tensor('float32', planes([2, 1, 0]), [1, 3, SIDE, SIDE]) })
      await session.close()
      expect(relativeError(shown.data, y.data as Float32Array), op).toBeLessThan(1e-5)
    }
  })

  it('need weights', async () => {
    const source = { kind: 'model' as const, recipe, classes: 3 }
    await expect(maps({ source: { ...source, runDir: null }, node: 0 })).rejects.toMatchObject({ code: 'no-weights' })
    await expect(maps({ source: { ...source, runDir: folder }, node: 0 })).rejects.toMatchObject({ code: 'no-weights' })
  })
})
