/**
 * Every model file of the data folder as a network to train: it trains ten steps with falling loss, or the reason why
 * not is said. Fine-tuned networks are exported and read again.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { rng } from '@shared/base/rng'
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import { importFor } from '@shared/catalog/imported/graft'
import { featureCandidates, suggestFeatures } from '@shared/catalog/imported/suggest-features'
import { provideNetwork } from '@shared/catalog/imported/networks'
import { modelOf } from '@shared/catalog/models'
import { optimizers } from '@shared/catalog/optimizers'
import { tasks } from '@shared/catalog/tasks'
import { type ProgramOptions, trainingProgram } from '@shared/catalog/training-program'
import { size } from '@shared/engine/graph'
import { decodeOnnx } from '@shared/engine/onnx/decode'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { importOnnx } from '@shared/engine/onnx/import'
import { mul, reduceSum } from '@shared/engine/ops'
import { inferenceGraph } from '@shared/engine/passes/inference'
import { openSession, tensor } from '../../src-worker/runtime/session'
import { initialTensors } from '../../src-worker/train/initial'
import { Stepper, type Tensors } from '../../src-worker/train/stepper'
import { TrunkRunner } from '../../src-worker/train/trunk-runner'
import { compareGradients } from '../helpers/compare-gradients'
import { need } from '../helpers/need'
import { packImages } from '../helpers/pack'

const data = need('data')
const path = (name: string) => join(data.path, 'onnx', `${name}.onnx`)
const read = (name: string) => decodeOnnx(readFileSync(path(name)))

const CLASSES = 3
const BATCH = 4
const TRUTHS = 8
/** Four pictures of three colours: what any trunk can tell apart. */
function pictures(side: number): { pixels: Uint8Array; classes: Float32Array } {
  const random = rng('pictures')
  const classes = Float32Array.of(0, 1, 2, 1)
  const pixels = new Uint8Array(BATCH * 3 * side * side)
  classes.forEach((label, n) => {
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < side * side; i++)
        pixels[(n * 3 + c) * side * side + i] = (c === label ? 180 : 60) + random.int(-20, 20)
  })
  return { pixels, classes }
}

async function fineTune(name: string, side: number, freeze: string[] = [], id = 'onnx-classifier') {
  const network = read(name)
  provideNetwork(name, network)
  const params = modelOf({ id, params: { file: name } }).complete!({ file: name }, side, [])
  const model = modelOf({ id, params })
  const options: ProgramOptions = {
    model,
    params,
    classes: CLASSES,
    batch: BATCH,
    size: [side, side],
    optimizer: optimizers.get('adamw'),
    weightDecay: 0.05,
    groups: [{ prefix: 'head.' }],
    freeze,
    block: 0,
  }
  const program = trainingProgram(options)
  const initial = new Map([...initialTensors(program, 1), ...model.initial!(params)])
  const stepper = await Stepper.create(program, options.optimizer, initial, { provider: 'cpu' })
  const trunk = program.trunk && (await TrunkRunner.open(program.trunk, initial, { provider: 'cpu' }))
  const { pixels, classes } = pictures(side)
  // One object in the middle of each picture; its class is the picture's.
  const targets = new Float32Array(BATCH * TRUTHS * 5)
  classes.forEach((label, n) => targets.set([label, side / 2, side / 2, side / 2, side / 2], 5 * TRUTHS * n))
  const losses: number[] = []
  const shape = [BATCH, 3, side, side]
  for (let step = 0; step < 10; step++) {
    const { loss } = await stepper.step({
      ...(program.images.images && {
        images: { images: packImages(Float32Array.from(pixels), shape, program.images.images.packing) },
      }),
      ...(trunk && { features: await trunk.run(pixels, shape) }),
      tensors: tasks
        .get(model.task)
        .feeds({ targets, count: BATCH, maxGt: TRUTHS, width: side, height: side, closing: false }),
      lr: [2e-4, 2e-3],
      momentum: 0.9,
      beta2: 0.999,
      apply: 1,
    })
    losses.push(loss)
  }
  const trained: Tensors = new Map([...initial, ...stepper.read('param'), ...stepper.read('stat')])
  await stepper.close()
  await trunk?.close()
  return { model, params, losses, program, initial, trained }
}

data.describe('A new head on', () => {
  for (const [name, side, weights] of [
    ['yolox_nano', 64, 30],
    ['yunet_n_320', 64, 20],
    ['mobilenetv2_int8', 64, 100],
    ['deeplab_v3', 65, 50],
    ['tbefn', 64, 10],
    ['yolox_nano_with_post', 64, 30],
  ] as const) {
    data.test(`${name}: all of it learns, and the exported file computes what was trained`, async () => {
      const { model, params, losses, program, initial, trained } = await fineTune(name, side)
      expect(program.params.length, 'parameters').toBeGreaterThan(weights)
      expect(losses.every(Number.isFinite), losses.join()).toBe(true)
      expect(losses.at(-1)!, losses.join()).toBeLessThan(0.9 * losses[0])
      const moved = program.params.filter(({ name: p }) => trained.get(p)!.some((v, i) => v !== initial.get(p)![i]))
      expect(moved.length).toBeGreaterThan(0.9 * program.params.length)

      // Export, read again, export again: the same numbers.
      const at = { params, batch: 1, size: [side, side] as const }
      const exported = encodeInference(buildInference(model, CLASSES, trained, at))
      const again = importOnnx(decodeOnnx(exported))
      const random = rng('again')
      const feed = Float32Array.from({ length: 3 * side * side }, () => random.uniform(-1, 1))
      const images = { images: tensor('float32', feed, [1, 3, side, side]) }
      const run = async (bytes: Uint8Array) => {
        const session = await openSession(bytes, { provider: 'cpu' })
        const { output } = await session.run(images)
        await session.close()
        return output.data as Float32Array
      }
      const want = await run(exported)
      expect(want.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4)
      const copy = inferenceGraph(again.graph, [...again.outputs.values()], { tensors: again.tensors, fold: false })
      copy.graph.output('output', copy.roots[0])
      const got = await run(encodeOnnx(copy.graph))
      want.forEach((p, k) => expect(Math.abs(p - got[k])).toBeLessThan(1e-6))
    })
  }

  data.test('three strides of a network finds objects, and says which strides it needs', async () => {
    const { losses, params, model, trained } = await fineTune('yolox_nano', 64, [], 'onnx-detector')
    expect(losses.every(Number.isFinite), losses.join()).toBe(true)
    expect(losses.at(-1)!, losses.join()).toBeLessThan(losses[0])
    const { output } = buildInference(model, CLASSES, trained, { params, batch: 1, size: [64, 64] })
    expect(output.shape).toEqual([1, 8 * 8 + 4 * 4 + 2 * 2, 5 + CLASSES])
    const features = (params.features as string[]).slice(0, 2)
    const few = { ...params, features }
    expect(() => buildInference(model, CLASSES, trained, { params: few, batch: 1, size: [64, 64] })).toThrow(
      /needs feature maps of the strides 8, 16 and 32; .* and 32 is missing/,
    )
  })

  data.test('a frozen trunk trains its head alone, and from a named layer on only what follows', async () => {
    const frozen = await fineTune('yunet_n_320', 64, ['trunk.'])
    expect(frozen.program.trunk).not.toBeNull()
    expect(frozen.losses.at(-1)!).toBeLessThan(frozen.losses[0])
    for (const { name: p } of frozen.program.params)
      expect(frozen.trained.get(p)!.every((v, i) => v === frozen.initial.get(p)![i])).toBe(!p.startsWith('head.'))

    const network = read('yunet_n_320')
    const [feature] = suggestFeatures(featureCandidates(network, 64), null)
    const { model, params } = frozen
    const node = network.graph.nodes.find(({ outputs }) => outputs.includes(feature))!
    const before = model.before!(node.name || feature, params)
    expect(before.size).toBeGreaterThan(0)
    const convolutions = network.graph.nodes.filter(({ op }) => op === 'Conv')
    expect(before.has(`trunk.${convolutions[0].inputs[1]}`)).toBe(true)
    expect(model.before!(convolutions[0].outputs[0], params).size).toBe(0)
    expect(() => model.before!('nowhere', params)).toThrow(/no value or node "nowhere"/)
  })
})

data.describe('Features', () => {
  data.test('are suggested by stride, and named when they do not exist', () => {
    const network = read('yolox_nano')
    const candidates = featureCandidates(network, 416)
    expect([...new Set(candidates.map(({ stride }) => stride))].sort((a, b) => a - b)).toEqual([2, 4, 8, 16, 32])
    const chosen = suggestFeatures(candidates, [8, 16, 32])
    expect(chosen.map((name) => candidates.find((one) => one.name === name)!.stride)).toEqual([8, 16, 32])
    expect(() => suggestFeatures(candidates, [64])).toThrow(/strides 2, 4, 8, 16, 32; the head needs 64/)
  })

  data.test('before a suppression are found, though it cannot be trained', () => {
    expect(featureCandidates(read('yolox_nano_with_post'), 416).length).toBeGreaterThan(100)
  })
})

data.describe('The gradient of an imported network', () => {
  data.test('is that of central differences, from its first layer to its last', () => {
    const network = read('yunet_n_320')
    const [feature] = suggestFeatures(featureCandidates(network, 64), null)
    const { graph, outputs, tensors, inputs } = importFor(network, [1, 3, 32, 32], [feature])
    const y = outputs.get(feature)!
    const weights = Float32Array.from({ length: size(y.shape) }, (_, i) => Math.sin(i) / size(y.shape))
    const all = y.shape.map((_, i) => i)
    // A projection: every number of the feature map counts, and none as much as another.
    const loss = reduceSum(mul(y, graph.constant(weights, y.shape)), all)
    const random = rng('gradient')
    const feeds: Record<string, number[]> = Object.fromEntries([...tensors].map(([name, data]) => [name, [...data]]))
    feeds[inputs[0].node.attrs.name as string] = Array.from({ length: size(inputs[0].shape) }, () =>
      random.uniform(0, 255),
    )
    const used = [...tensors.keys()]
    const chosen = [0, used.length >> 1, used.length - 1].map((i) => graph.inputs.get(used[i])!)
    compareGradients(loss, chosen, feeds, 1e-5, { step: 1e-8, samples: 2 })
  })
})

data.describe('Without its weights beside it', () => {
  data.test('a file says which file is missing', () => {
    expect(() => decodeOnnx(readFileSync(path('missing_external_data')))).toThrow(
      expect.objectContaining({ code: 'missing-external-data', message: expect.stringMatching(/is kept in ".+", which is not beside/) }), // prettier-ignore
    )
  })
})
