/** Denoisers with window attention and networks of poses on WebGPU: the CPU's numbers, with no node left to it. */
import { expect, test } from 'vitest'
import { rng } from '@shared/base/rng'
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import { models } from '@shared/catalog/models'
import { optimizers } from '@shared/catalog/optimizers'
import { trainingProgram } from '@shared/catalog/training-program'
import { type ConcreteProvider, openSession, tensor } from '../../src-worker/runtime/session'
import { initialTensors } from '../../src-worker/train/initial'
import { Stepper } from '../../src-worker/train/stepper'
import { need } from '../helpers/need'
import { randomWeights } from '../helpers/random-weights'

const gpu = need('gpu')
const draw = (length: number, seed: string) => {
  const random = rng(seed)
  return Float32Array.from({ length }, () => random.next())
}

gpu.describe('On WebGPU', () => {
  test('SUNet trains to the losses of the CPU', { timeout: 600_000 }, async () => {
    const params = { channels: 1, width: 8, depths: [2, 1], heads: [2, 4], window: 4, patch: 2 }
    const shape = [2, 1, 20, 20]
    const [images, clean] = [draw(800, 'noisy'), draw(800, 'clean')]
    const train = async (provider: ConcreteProvider) => {
      const program = trainingProgram({ model: models.get('sunet-tiny'), classes: 0, params, batch: 2, size: [20, 20], optimizer: optimizers.get('adamw'), weightDecay: 1e-4, block: 0 }) // prettier-ignore
      const stepper = await Stepper.create(program, optimizers.get('adamw'), initialTensors(program, 0), { provider })
      const losses: number[] = []
      for (let i = 0; i < 3; i++)
        losses.push((await stepper.step({ tensors: { images: { data: images, shape }, clean: { data: clean, shape } }, lr: [1e-3], momentum: 0.9, beta2: 0.999, apply: 1 })).loss) // prettier-ignore
      await stepper.close()
      return losses
    }
    const [cpu, device] = [await train('cpu'), await train('webgpu')]
    cpu.forEach((loss, i) => expect(Math.abs(device[i] - loss)).toBeLessThan(1e-3 * loss))
  })

  test.each(['kapao-nano', 'yolov7-pose-nano'])('%s tells the same poses', { timeout: 600_000 }, async (id) => {
    const model = models.get(id)
    const params = { points: 3, sigmas: [[0.1, 0.1, 0.1]] }
    const size = [64, 64] as const
    const tensors = randomWeights({ ...model, build: (nn, x, at) => model.build(nn, x, { ...at, params }) }, 1, 5)
    const bytes = encodeInference(buildInference(model, 1, tensors, { params, batch: 1, size }))
    const run = async (provider: ConcreteProvider) => {
      const session = await openSession(bytes, { provider })
      const images = draw(3 * 64 * 64, 'images').map((v) => 255 * v)
      const { output } = await session.run({ images: tensor('float32', images, [1, 3, ...size]) })
      await session.close()
      return output.data as Float32Array
    }
    const [cpu, device] = [await run('cpu'), await run('webgpu')]
    // Rounding decides whether a point object of KAPAO is good enough or the nearest.
    const apart = cpu.filter((v, i) => !(Math.abs(v - device[i]) < 2e-3 * Math.max(1, Math.abs(v)))).length
    expect(apart).toBeLessThanOrEqual(id === 'kapao-nano' ? 0.02 * cpu.length : 0)
  })
})
