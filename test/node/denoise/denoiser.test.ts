/** Trained networks on images of any size; batches that the seed decides. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { describeModel } from '@shared/catalog/detector'
import { models } from '@shared/catalog/models'
import { noiseSchema, type SetNoise } from '@shared/domain/noise'
import { makePlanarImage, planeOf, type PlanarImage } from '@shared/domain/planar-image'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { readPlanes, toPlanarImage, writePlanes } from '../../../src-worker/data/planes'
import { bundleThread } from '../../helpers/bundle-thread'
import { cropBatches } from '../../../src-worker/tasks/denoise/crop-batches'
import { denoiserOf, tilingOf } from '../../../src-worker/tasks/denoise/denoiser'
import { drawnWeights } from '../../helpers/drawn-weights'

const folder = mkdtempSync(join(tmpdir(), 'tagwright-planes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function picture(width: number, height: number, channels: number, seed = 'picture'): PlanarImage {
  const random = rng(seed)
  const image = makePlanarImage(width, height, channels)
  image.data.forEach((_, i) => (image.data[i] = random.next()))
  return image
}
/** A network with drawn weights; what starts at zero in training counts here too. */
function drawn(id: string, params: Record<string, unknown>) {
  const { params: specs, nn } = describeModel(models.get(id), 0, params)
  const tensors = drawnWeights(specs)
  for (const [name, data] of tensors) if (/beta|gamma/.test(name)) data.fill(0.5)
  for (const { name, shape, initial } of nn.stats.values())
    tensors.set(name, new Float32Array(shape.reduce((a, b) => a * b)).fill(initial))
  return { id, params, tensors, provider: 'cpu' as const }
}
const apart = (a: PlanarImage, b: PlanarImage) =>
  a.data.reduce((most, v, i) => Math.max(most, Math.abs(v - b.data[i])), 0)

describe('A denoiser', () => {
  it('gives in tiles what it gives at once, within rounding, where its field of view ends', async () => {
    const network = drawn('dncnn', { channels: 1, depth: 5, width: 6 })
    const { tiling } = tilingOf(network)
    expect(tiling).toMatchObject({ unit: 1, margin: 5 })
    const image = picture(150, 97, 1)
    const denoiser = await denoiserOf(network)
    const whole = await denoiser.denoise(image)
    denoiser.tiling.tile = 48
    const tiled = await denoiser.denoise(image)
    await denoiser.close()
    expect(apart(whole, image)).toBeGreaterThan(0.001)
    expect(apart(tiled, whole)).toBeLessThan(2e-6)
  })

  it('takes any size, grey through colour networks and colour through grey ones', async () => {
    const colour = await denoiserOf(drawn('nafnet', { channels: 3, width: 4, encoder: [1, 1], decoder: [1, 1] }))
    for (const [w, h] of [
      [13, 9],
      [64, 30],
    ] as const)
      // prettier-ignore
      for (const channels of [1, 3]) {
        const made = await colour.denoise(picture(w, h, channels))
        expect([made.width, made.height, made.channels]).toEqual([w, h, channels])
        expect(made.data.every(Number.isFinite)).toBe(true)
      }
    await expect(colour.denoise(picture(8, 8, 4))).rejects.toMatchObject({ code: 'channels-do-not-fit' })
    await colour.close()
    const grey = await denoiserOf(drawn('unet', { channels: 1, width: 4, levels: 2 }))
    const image = picture(20, 18, 3)
    const made = await grey.denoise(image)
    const green = await grey.denoise({ ...image, channels: 1, data: planeOf(image, 1) })
    expect(planeOf(made, 1)).toEqual(green.data)
    await grey.close()
  })

  it('looks at windows instead of the whole image where it is told so', async () => {
    const params = { channels: 1, width: 4, encoder: [1], decoder: [1] }
    const network = drawn('nafnet', params)
    expect(tilingOf({ ...network, params: { ...params, window: 16 } }).fixed).toBe(true)
    const [whole, local] = await Promise.all([denoiserOf(network), denoiserOf({ ...network, params: { ...params, window: 4096 } })]) // prettier-ignore
    const image = picture(256, 256, 1)
    // A window as large as the image is the image.
    expect(apart(await whole.denoise(image), await local.denoise(image))).toBeLessThan(1e-5)
    const small = await denoiserOf({ ...network, params: { ...params, window: 16 } })
    expect(apart(await whole.denoise(image), await small.denoise(image))).toBeGreaterThan(1e-5)
    for (const one of [whole, local, small]) await one.close()
  })
})

describe('Batches of crops', () => {
  const samples: SnapshotSample[] = []
  beforeAll(async () => {
    for (let i = 0; i < 5; i++) {
      const file = join(folder, `${i}.png`)
      await writePlanes(file, picture(40 - i, 33, 1, `image ${i}`))
      samples.push({ id: i + 1, file, name: `${i}.png`, width: 40 - i, height: 33, split: 'train', cocoImageId: i + 1, annotations: [] }) // prettier-ignore
    }
  })
  const noise = { ...noiseSchema.parse({ sigma: 25 }), id: 'gaussian', levels: [25] } as SetNoise
  const options = (more: object = {}) => ({
    samples,
    batch: 2,
    side: 32,
    channels: 1,
    noise,
    seed: 3,
    epochs: 2,
    ...more,
  })
  const all = async (of: ReturnType<typeof cropBatches>) => {
    const made = []
    for await (const one of of) made.push(one)
    return made
  }

  it('are the same for the same seed, also from the middle on', async () => {
    const first = await all(cropBatches(options()))
    expect(first.map(({ epoch, index }) => [epoch, index])).toEqual([[0, 0], [0, 1], [1, 0], [1, 1]]) // prettier-ignore
    expect(await all(cropBatches(options(), { epoch: 0, batch: 1 }))).toEqual(first.slice(1))
    expect(await all(cropBatches(options({ seed: 4 })))).not.toEqual(first)
    const { images, clean } = first[0].tensors
    expect(images.shape).toEqual([2, 1, 32, 32])
    const error = Math.sqrt(images.data.reduce((sum, v, i) => sum + (v - clean.data[i]) ** 2, 0) / images.data.length)
    expect(255 * error).toBeCloseTo(25, -0.5)
    expect(first[0].tensors.images.data).not.toEqual(first[2].tensors.images.data)
  })

  it('are the same on any number of threads, with what was found bad told once', async () => {
    const threadFile = await bundleThread('src-worker/data/decode-thread.ts')
    const broken = samples.map((one, i) => (i === 2 ? { ...one, file: join(folder, 'gone.png') } : one))
    const told: string[] = []
    const onBad = ({ name }: { name: string }) => told.push(name)
    const here = await all(cropBatches(options({ samples: broken, onBad })))
    expect(told.splice(0)).toEqual([samples[2].name])
    expect(await all(cropBatches(options({ samples: broken, onBad, threads: 2, threadFile })))).toEqual(here)
    expect(told).toEqual([samples[2].name])
    const none = broken.slice(2, 3)
    await expect(all(cropBatches(options({ samples: none, threads: 1, threadFile })))).rejects.toMatchObject({ code: 'no-readable-image' }) // prettier-ignore
  }, 60_000)

  it('replace files that cannot be read, and say so when none can', async () => {
    const told: string[] = []
    const broken = samples.map((one, i) => (i < 4 ? { ...one, file: join(folder, `gone ${i}.png`) } : one))
    const onBad = ({ name }: { name: string }) => told.push(name)
    const made = await all(cropBatches(options({ samples: broken, onBad })))
    expect(made.flatMap(({ sampleIds }) => sampleIds).every((id) => id === 5)).toBe(true)
    expect(new Set(told).size).toBe(told.length)
    const none = options({ samples: broken.slice(0, 4) })
    await expect(all(cropBatches(none))).rejects.toMatchObject({ code: 'no-readable-image' })
  })

  it('turn noisy and clean images together', async () => {
    const pairs = samples.map((one) => ({ ...one, pair: one.file }))
    for (const { tensors } of await all(cropBatches(options({ samples: pairs, noise: { ...noise, id: 'pairs' } }))))
      expect(tensors.images.data).toEqual(tensors.clean.data)
  })
})

describe('Files', () => {
  it('of 8 and 16 bits, grey and colour, come back as they were', async () => {
    for (const [channels, bits] of [
      [1, 8],
      [3, 8],
      [1, 16],
      [3, 16],
    ] as const) {
      // prettier-ignore
      const file = join(folder, `plane ${channels} ${bits}.png`)
      const white = 2 ** bits - 1
      const image = picture(9, 7, channels)
      image.data.forEach((v, i) => (image.data[i] = Math.round(v * white) / white))
      await writePlanes(file, image, { bits, black: 0, white })
      const read = await readPlanes(file)
      expect(read).toMatchObject({ width: 9, height: 7, channels, white })
      expect(apart(toPlanarImage(read), image)).toBeLessThan(1e-6)
      const scaled = toPlanarImage(await readPlanes(file, { black: 10, white: 100 }))
      expect(scaled.data[3]).toBeCloseTo((image.data[3] * white - 10) / 90, 3)
    }
    await expect(readPlanes(join(folder, 'no.png'))).rejects.toMatchObject({ code: 'image-missing' })
    await sharp({ create: { width: 4, height: 4, channels: 4, background: '#f008' } })
      .png()
      .toFile(join(folder, 'alpha.png'))
    expect((await readPlanes(join(folder, 'alpha.png'))).channels).toBe(3)
  })
})
