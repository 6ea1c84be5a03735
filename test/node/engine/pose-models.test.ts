/** Networks of poses: some steps in both layouts, and files whose implicit knowledge is inside the weights. */
import { fromBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import { models } from '@shared/catalog/models'
import { implicitConv } from '@shared/catalog/models/yolov7/parts'
import { optimizers } from '@shared/catalog/optimizers'
import { trainingProgram } from '@shared/catalog/training-program'
import { parseRecipe } from '@shared/domain/recipe'
import { Graph } from '@shared/engine/graph'
import { Nn } from '@shared/engine/nn'
import { ModelProtoSchema } from '@shared/engine/onnx/generated/onnx_pb'
import { mul, reduceSum } from '@shared/engine/ops'
import { inferenceGraph } from '@shared/engine/passes/inference'
import { openSession, tensor } from '../../../src-worker/runtime/session'
import { initialTensors } from '../../../src-worker/train/initial'
import { resolveRecipe } from '../../../src-worker/train/resolve-recipe'
import { Stepper } from '../../../src-worker/train/stepper'
import { compareGradients } from '../../helpers/compare-gradients'
import { makeDetectorBatch } from '../../helpers/detector-batch'
import { seededNumbers } from '../../helpers/op-examples'
import { packImages } from '../../helpers/pack'
import { randomWeights } from '../../helpers/random-weights'
import { interpret } from '../../helpers/reference'

/** Two cells a side on the coarsest level: norms over less are ill-conditioned. */
const size = [128, 128] as const
const params = { points: 2, sigmas: [[0.1, 0.1]] }

describe.each(['yolov7-pose-nano', 'kapao-nano'])('%s', (id) => {
  const model = models.get(id)

  it('learns alike in the plain and in the blocked layout', async () => {
    const boxes = makeDetectorBatch(2, size, 1, 2)
    const rows = boxes.targets.length / 5
    const targets = new Float32Array(rows * 11)
    for (let i = 0; i < rows; i++) {
      const [label, cx, cy, w, h] = boxes.targets.subarray(5 * i, 5 * i + 5)
      const seen = w > 0 ? 1 : 0
      targets.set([label, cx, cy, w, h, cx - w / 4, cy, seen, cx + w / 4, cy - h / 4, seen], 11 * i)
    }
    const train = async (block: number, count: number) => {
      const program = trainingProgram({ model, classes: 1, params, batch: 2, size, optimizer: optimizers.get('adamw'), weightDecay: 5e-4, clip: 1e6, block }) // prettier-ignore
      const stepper = await Stepper.create(program, optimizers.get('adamw'), initialTensors(program, 1), { provider: 'cpu' }) // prettier-ignore
      const steps: Record<string, number>[] = []
      for (let i = 0; i < count; i++)
        steps.push(await stepper.step({
          images: { images: packImages(boxes.images, boxes.shape, program.images.images.packing) },
          tensors: { targets: { data: targets, shape: [2, rows / 2, 11] }, useL1: { data: Float32Array.of(0), shape: [] } },
          lr: [1e-3], momentum: 0.9, beta2: 0.999, apply: 1,
        })) // prettier-ignore
      await stepper.close()
      return steps
    }
    const [[plain], blocked] = [await train(0, 1), await train(16, 16)]
    expect(Math.abs(blocked[0].loss - plain.loss)).toBeLessThan(5e-3 * plain.loss)
    // Rounding grows through a hundred norms over a few cells each.
    expect(Math.abs(blocked[0].grad_norm - plain.grad_norm)).toBeLessThan(0.1 * plain.grad_norm)
    // Which cells learn what changes from step to step, and the loss with it.
    expect(Math.min(...blocked.slice(8).map(({ loss }) => loss))).toBeLessThan(blocked[0].loss)
  }, 240_000)

  it('gives from its file, for any number of images, what the network gives', async () => {
    const tensors = randomWeights({ ...model, build: (nn, x, at) => model.build(nn, x, { ...at, params }) }, 1, 3)
    const file = encodeInference(buildInference(model, 1, tensors, { params, batch: 1, size, dynamic: true }))
    const plain = encodeInference(buildInference(model, 1, tensors, { params, batch: 2, size, fold: false }))
    const images = Float32Array.from({ length: 2 * 3 * size[0] * size[1] }, () => 0).map((_, i) => (i * 37) % 256)
    const run = async (bytes: Uint8Array) => {
      const session = await openSession(bytes, { provider: 'cpu' })
      const { output } = await session.run({ images: tensor('float32', images, [2, 3, ...size]) })
      await session.close()
      return output
    }
    const [got, want] = [await run(file), await run(plain)]
    expect(got.dims).toEqual(want.dims)
    const [numbers, right] = [got.data, want.data] as [Float32Array, Float32Array]
    const scale = right.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
    const apart = right.filter((v, i) => !(Math.abs(v - numbers[i]) < 1e-4 * scale)).length
    // Rounding decides whether a point object is good enough or the nearest.
    expect(apart).toBeLessThanOrEqual(id === 'kapao-nano' ? 0.02 * right.length : 0)
    // Every convolution has its numbers in the file.
    const { node, initializer } = fromBinary(ModelProtoSchema, file).graph!
    const known = new Set(initializer.map(({ name }) => name))
    for (const { input } of node.filter(({ opType }) => opType === 'Conv'))
      expect(input.slice(1).every((name) => known.has(name))).toBe(true)
  }, 120_000)
})

describe('The side of pictures', () => {
  const recipe = (size: number, id = 'yolov7-pose-nano') =>
    resolveRecipe(parseRecipe({ task: 'pose', model: { id }, input: { size } }), 100, 'cpu')

  it('must be one that the model can take', () => {
    expect(recipe(960).input.size).toBe(960)
    expect(recipe(352, 'kapao-nano').input.size).toBe(352)
    expect(() => recipe(352)).toThrow(
      expect.objectContaining({ code: 'bad-recipe', message: expect.stringContaining('Choose 320 or 384') }),
    )
  })
})

describe('A convolution with implicit knowledge', () => {
  const graph = new Graph()
  const nn = new Nn(graph, true)
  const x = graph.input('x', [2, 3, 2, 2])
  const y = implicitConv(nn, 'm', x, 4, 0.5)
  const feeds: Record<string, number[]> = { x: seededNumbers(24, 'float32', -1, 1, 'x') }
  for (const { name, shape } of nn.params.values())
    feeds[name] = seededNumbers(shape.reduce((a, b) => a * b), 'float32', -1, 1, name) // prettier-ignore

  it('adds before and multiplies after', () => {
    const [got] = interpret([y], feeds)
    for (let n = 0; n < 2; n++)
      for (let o = 0; o < 4; o++)
        for (let p = 0; p < 4; p++) {
          let sum = feeds['m.bias'][o]
          for (let c = 0; c < 3; c++)
            sum += feeds['m.weight'][3 * o + c] * (feeds.x[(n * 3 + c) * 4 + p] + feeds['m.implicit_add'][c])
          expect(got.data[(n * 4 + o) * 4 + p]).toBeCloseTo(sum * feeds['m.implicit_mul'][o], 9)
        }
  })

  it('has the gradients of central differences', () => {
    const names = ['x', ...nn.params.keys()]
    const weights = graph.constant(seededNumbers(32, 'float32', -1, 1, 'loss'), y.shape)
    const loss = reduceSum(mul(mul(y, y), weights), [0, 1, 2, 3])
    compareGradients(loss, names.map((name) => graph.inputs.get(name)!), feeds, 1e-6, { step: 1e-6 }) // prettier-ignore
  })

  it('is a plain convolution in a file', () => {
    const tensors = new Map([...nn.params.keys()].map((name) => [name, Float32Array.from(feeds[name])]))
    const { roots } = inferenceGraph(graph, [y], { tensors, fold: true })
    expect(roots[0].node.graph.reachable(roots).filter(({ inputs }) => inputs.length > 0)).toHaveLength(1)
    const [got] = interpret(roots, { x: feeds.x })
    const [want] = interpret([y], feeds)
    got.data.forEach((v, i) => expect(v).toBeCloseTo(want.data[i], 6))
  })
})
