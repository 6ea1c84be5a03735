/** Surgery from a foreign file to an exported one: weights stay, step 0 stays, training moves the block, the file has it. */
import { describe, expect, it } from 'vitest'
import { fromBinary } from '@bufbuild/protobuf'
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import type { ModelDef } from '@shared/catalog/models/define'
import { readOnnxWeights } from '@shared/catalog/onnx-weights'
import { optimizers } from '@shared/catalog/optimizers'
import { type SurgeryEdit, withSurgery } from '@shared/catalog/surgery'
import { decodeOnnx } from '@shared/engine/onnx/decode'
import { ModelProtoSchema } from '@shared/engine/onnx/generated/onnx_pb'
import { openSession, tensor } from '../../../src-worker/runtime/session'
import { initialTensors } from '../../../src-worker/train/initial'
import type { Tensors } from '../../../src-worker/train/stepper'
import { makeDetectorBatch } from '../../helpers/detector-batch'
import { randomWeights } from '../../helpers/random-weights'
import { relativeError } from '../../helpers/run-graph'
import { tinyDetector } from '../../helpers/tiny-detector'
import { trainSteps } from '../../helpers/train-steps'
import { trainingProgram, type ProgramOptions } from '@shared/catalog/training-program'

const size = [64, 64] as const
const batch = makeDetectorBatch(2, size, 3)
const one = batch.images.slice(0, 3 * 64 * 64)
const program = (model: ModelDef, block: number): ProgramOptions => ({
  model,
  classes: 3,
  batch: 2,
  size,
  optimizer: optimizers.get('adamw'),
  weightDecay: 0.05,
  block,
})
const encode = (model: ModelDef, tensors: Tensors, dynamic = false, half = false): Uint8Array =>
  encodeInference(buildInference(model, 3, tensors, { batch: 1, size, dynamic, half }))
async function run(onnx: Uint8Array, images = one): Promise<Float32Array> {
  const session = await openSession(onnx, { provider: 'cpu' })
  const { output } = await session.run({ images: tensor('float32', images, [images.length / one.length, 3, ...size]) })
  await session.close()
  return output.data as Float32Array
}
const weightNames = (onnx: Uint8Array): string[] =>
  fromBinary(ModelProtoSchema, onnx).graph!.initializer.map(({ name }) => name)

const base = randomWeights(tinyDetector, 3, 5)
const places: [string, SurgeryEdit[]][] = [
  [
    'SE, ECA',
    [
      { id: 'se', after: 'low', reduction: 4 },
      { id: 'eca', after: 'middle' },
    ],
  ],
  ['CBAM', [{ id: 'cbam', after: 'low', reduction: 4 }]],
  ['spatial attention', [{ id: 'spatial-attention', after: 'high' }]],
  [
    'non-local, cross-attention',
    [
      { id: 'non-local', after: 'high' },
      { id: 'cross-attention', after: 'join', context: 'high' },
    ],
  ],
  [
    'deformable, dynamic',
    [
      { id: 'deformable-conv-v2', after: 'join' },
      { id: 'dynamic-conv', after: 'high' },
    ],
  ],
]

describe.each(places)('%s', (_, surgery) => {
  const model = withSurgery(tinyDetector, {}, surgery)
  const found = readOnnxWeights(decodeOnnx(encode(tinyDetector, base)), model, { classes: 3 })
  const start: Tensors = new Map([...initialTensors(trainingProgram(program(model, 0)), 1), ...found.tensors])

  it('takes every weight of a file that knows nothing of it, and gives what the file gives', async () => {
    expect([found.missing, found.ignored]).toEqual([[], []])
    const [theirs, ours] = [await run(encode(tinyDetector, base)), await run(encode(model, start))]
    expect(relativeError(ours, theirs)).toBeLessThan(1e-5)
  })

  it('trains in both layouts alike, from the losses of the plain model', async () => {
    const options = { steps: 4, lr: [5e-3], initial: start }
    const plain = await trainSteps(program(tinyDetector, 0), [batch], { provider: 'cpu' }, options)
    const one = await trainSteps(program(model, 0), [batch], { provider: 'cpu' }, options)
    const blocked = await trainSteps(program(model, 16), [batch], { provider: 'cpu', optimize: 'basic' }, options)
    expect(one.metrics[0].loss).toBeCloseTo(plain.metrics[0].loss, 4)
    expect(one.metrics[3].loss).not.toBeCloseTo(plain.metrics[3].loss, 5)
    one.metrics.forEach(({ loss }, i) => expect(Math.abs(blocked.metrics[i].loss / loss - 1)).toBeLessThan(2e-3))
    for (const [name, data] of one.params)
      if (/surgery.*(gain|out\.weight|bn\.weight)$/.test(name)) expect(data, name).not.toEqual(start.get(name))
  })

  it('is in the exported file, of open batch too, which loads again by name', async () => {
    const options = { steps: 3, lr: [5e-3], initial: start }
    const { params, stats } = await trainSteps(program(model, 0), [batch], { provider: 'cpu' }, options)
    const tensors = new Map([...params, ...stats])
    const file = encode(model, tensors)
    expect(weightNames(file).filter((name) => name.startsWith('surgery.')).length).toBeGreaterThan(2)
    const again = readOnnxWeights(decodeOnnx(file), model, { classes: 3 })
    expect([again.missing, again.ignored]).toEqual([[], []])
    const output = await run(file)
    expect(relativeError(await run(encode(model, again.tensors)), output)).toBeLessThan(1e-5)
    const both = await run(encode(model, tensors, true), Float32Array.from(batch.images))
    expect(relativeError(both.slice(0, output.length), output)).toBeLessThan(1e-5)
    // Half precision: 11 bits of every number.
    expect(relativeError(await run(encode(model, tensors, false, true)), output)).toBeLessThan(0.02)
    // The plain model takes what it knows from the same file.
    const plain = readOnnxWeights(decodeOnnx(file), tinyDetector, { classes: 3 })
    expect(plain.missing).toEqual([])
    expect(plain.ignored.every((name) => name.startsWith('surgery.'))).toBe(true)
  })
})

describe('A frozen model under blocks', () => {
  it('trains the blocks alone', async () => {
    const model = withSurgery(tinyDetector, {}, [{ id: 'se', after: 'low', reduction: 4 }])
    const start = new Map([...initialTensors(trainingProgram(program(model, 0)), 1), ...base])
    const freeze = ['stem', 'low', 'middle', 'spatial', 'high', 'join', 'head']
    const { params, metrics } = await trainSteps({ ...program(model, 0), freeze }, [batch], { provider: 'cpu' }, { steps: 4, lr: [1e-2], initial: start }) // prettier-ignore
    expect(metrics[3].loss).toBeLessThan(metrics[0].loss)
    const moved = [...params].filter(([name, data]) => data.some((v, i) => v !== start.get(name)![i]))
    expect(moved.length).toBeGreaterThan(3)
    expect(moved.every(([name]) => name.startsWith('surgery.low.se.'))).toBe(true)
  })
})
