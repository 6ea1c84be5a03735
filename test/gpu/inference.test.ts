/** A trained detector on WebGPU: what a run on a GPU evaluates with. */
import { expect, test } from 'vitest'
import { rng } from '@shared/base/rng'
import { models } from '@shared/catalog/models'
import type { ConcreteProvider } from '../../src-worker/runtime/session'
import { openTrainedDetector } from '../../src-worker/predict/trained-detector'
import { need } from '../helpers/need'
import { randomWeights } from '../helpers/random-weights'

const gpu = need('gpu')

gpu.describe('YOLOX-nano for inference on WebGPU', () => {
  test('gives the output of the CPU, with no node left to it', async () => {
    const model = models.get('yolox-nano')
    const tensors = randomWeights(model, 3, 2)
    const shape = [2, 3, 96, 64]
    const random = rng('pixels')
    const images = Float32Array.from({ length: 2 * 3 * 96 * 64 }, () => random.int(0, 255))
    const run = async (provider: ConcreteProvider) => {
      const detector = await openTrainedDetector({ model, classes: 3, tensors, batch: 2, size: [96, 64], provider })
      const output = await detector.runRaw(images, shape)
      await detector.close()
      return output
    }
    // The session refuses a graph of which a node would fall back to the CPU.
    const [cpu, webgpu] = [await run('cpu'), await run('webgpu')]
    expect(webgpu.length).toBe(cpu.length)
    const worst = cpu.reduce((most, v, i) => Math.max(most, Math.abs(v - webgpu[i]) / Math.max(1, Math.abs(v))), 0)
    expect(worst).toBeLessThan(1e-3)
    expect(cpu.some((v) => v > 0.1)).toBe(true)
  })
})
