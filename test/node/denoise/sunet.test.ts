/** SUNet trained for three steps in both layouts, exported with an open batch, and on images that no tile divides. */
import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import { describeModel } from '@shared/catalog/detector'
import { models } from '@shared/catalog/models'
import { optimizers } from '@shared/catalog/optimizers'
import { trainingProgram } from '@shared/catalog/training-program'
import { makePlanarImage } from '@shared/domain/planar-image'
import { openSession, tensor } from '../../../src-worker/runtime/session'
import { denoiserOf, tilingOf } from '../../../src-worker/tasks/denoise/denoiser'
import { initialTensors } from '../../../src-worker/train/initial'
import { Stepper } from '../../../src-worker/train/stepper'
import { drawnWeights } from '../../helpers/drawn-weights'

const model = models.get('sunet-tiny')
const params = { channels: 1, width: 8, depths: [2, 2], heads: [2, 4], window: 4, patch: 2 }
const draw = (length: number, ...seed: (string | number)[]) => {
  const random = rng('sunet', ...seed)
  return Float32Array.from({ length }, () => random.next())
}
const weights = () => drawnWeights(describeModel(model, 0, params).params)

describe('SUNet', () => {
  it('learns alike in the plain and in the blocked layout', async () => {
    const [batch, side] = [2, 24]
    const shape = [batch, 1, side, side]
    const clean = draw(batch * side * side, 'clean').map((_, i) => ((i >> 3) & 1 ? 0.8 : 0.2))
    const images = clean.map((v, i) => v + 0.2 * (draw(1, 'noise', i)[0] - 0.5))
    const train = async (block: number) => {
      const program = trainingProgram({ model, classes: 0, params, batch, size: [side, side], optimizer: optimizers.get('adamw'), weightDecay: 1e-4, block }) // prettier-ignore
      const stepper = await Stepper.create(program, optimizers.get('adamw'), new Map([...initialTensors(program, 0), ...weights()]), { provider: 'cpu' }) // prettier-ignore
      const losses: number[] = []
      for (let i = 0; i < 4; i++) {
        const feeds = { tensors: { images: { data: images, shape }, clean: { data: clean, shape } } }
        losses.push((await stepper.step({ ...feeds, lr: [3e-3], momentum: 0.9, beta2: 0.999, apply: 1 })).loss)
      }
      await stepper.close()
      return losses
    }
    const [plain, blocked] = [await train(0), await train(16)]
    expect(plain[3]).toBeLessThan(plain[0])
    plain.forEach((loss, i) => expect(Math.abs(blocked[i] - loss)).toBeLessThan(1e-3 * loss))
  }, 120_000)

  it('gives from its file, for any number of images, what the network gives', async () => {
    const size = [24, 24] as const
    const tensors = weights()
    const file = encodeInference(buildInference(model, 0, tensors, { params, batch: 1, size, dynamic: true }))
    const plain = encodeInference(buildInference(model, 0, tensors, { params, batch: 3, size, fold: false }))
    const images = draw(3 * 24 * 24, 'images')
    const run = async (bytes: Uint8Array) => {
      const session = await openSession(bytes, { provider: 'cpu' })
      const { output } = await session.run({ images: tensor('float32', images, [3, 1, ...size]) })
      await session.close()
      return output
    }
    const [got, want] = [await run(file), await run(plain)]
    expect(got.dims).toEqual([3, 1, 24, 24])
    const worst = (want.data as Float32Array).reduce((m, v, i) => Math.max(m, Math.abs(v - (got.data as Float32Array)[i])), 0) // prettier-ignore
    expect(worst).toBeLessThan(1e-5)
  })

  it('takes images of any size in tiles of one', async () => {
    const network = { id: 'sunet-tiny', params, tensors: weights(), provider: 'cpu' as const }
    expect(tilingOf(network)).toMatchObject({ fixed: true, tiling: { tile: 256, unit: 4, margin: 48 } })
    const denoiser = await denoiserOf(network)
    for (const [width, height] of [[37, 50], [300, 41]]) {
      const image = makePlanarImage(width, height, 1)
      image.data.set(draw(width * height, width))
      const made = await denoiser.denoise(image)
      expect([made.width, made.height]).toEqual([width, height])
      expect(made.data.every((v, i) => Number.isFinite(v) && Math.abs(v - image.data[i]) < 1)).toBe(true)
    } // prettier-ignore
    await denoiser.close()
  }, 120_000)
})
