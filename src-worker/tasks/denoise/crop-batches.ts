/** Batches of a denoising run: random crops, turned eight ways, with noise; drawn by (seed, epoch, place in the data). */
import { rng } from '@shared/base/rng'
import { TagwrightError } from '@shared/base/errors'
import type { SetNoise } from '@shared/domain/noise'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { cropPlanes, type PlaneCache } from './plane-cache'
import { makeNoisy } from './make-noisy'

export interface CropBatchesOptions {
  /** An entry for each crop of an epoch: an image may come many times. */
  samples: readonly SnapshotSample[]
  batch: number
  /** Side of the crops, px. */
  side: number
  channels: number
  noise: SetNoise
  seed: number
  epochs: number
  cache: PlaneCache
}

export interface CropBatch {
  epoch: number
  index: number
  batches: number
  count: number
  width: number
  height: number
  /** Inputs of the program: `images` (noisy) and `clean`, [N, channels, side, side]. */
  tensors: Record<'images' | 'clean', { data: Float32Array; shape: readonly number[] }>
  sampleIds: number[]
}

const TRIES = 20

/** From a position to the end of the last epoch. @throws `no-readable-image`. */
export async function* cropBatches(
  options: CropBatchesOptions,
  from = { epoch: 0, batch: 0 },
): AsyncGenerator<CropBatch, void, void> {
  const { samples, batch, epochs, seed, side, channels } = options
  const batches = Math.max(1, Math.floor(samples.length / batch))
  const shape = [batch, channels, side, side]
  const perImage = channels * side * side
  for (let epoch = from.epoch; epoch < epochs; epoch++) {
    const order = rng(seed, 'shuffle', epoch).shuffle(samples.map((_, i) => i))
    for (let index = epoch === from.epoch ? from.batch : 0; index < batches; index++) {
      const images = new Float32Array(batch * perImage)
      const clean = new Float32Array(batch * perImage)
      const sampleIds: number[] = []
      for (let i = 0; i < batch; i++) {
        const place = index * batch + i
        const made = await makeCrop(options, epoch, order[place % order.length], Math.floor(place / order.length))
        images.set(made.noisy.data, i * perImage)
        clean.set(made.clean.data, i * perImage)
        sampleIds.push(made.id)
      }
      yield {
        epoch,
        index,
        batches,
        count: batch,
        width: side,
        height: side,
        tensors: { images: { data: images, shape }, clean: { data: clean, shape } },
        sampleIds,
      }
    }
  }
}

/** An unreadable image is replaced by another one. */
async function makeCrop(
  { samples, side, channels, noise, seed, cache }: CropBatchesOptions,
  epoch: number,
  position: number,
  repeat: number,
) {
  const random = rng(seed, 'crop', epoch, position, repeat)
  for (let attempt = 0, at = position; attempt < TRIES + samples.length; attempt++) {
    const pair = await cache.get(samples[at], noise.id === 'pairs')
    if (pair) {
      const { width, height } = pair.clean
      const x = random.int(0, Math.max(0, width - side))
      const y = random.int(0, Math.max(0, height - side))
      const crop = { x, y, side, channels, turn: random.int(0, 7) }
      const clean = cropPlanes(pair.clean, crop)
      const noisy = pair.noisy ? cropPlanes(pair.noisy, crop) : await makeNoisy(clean, noise, random)
      return { id: samples[at].id, clean, noisy }
    }
    // Drawn at first; after that one after the other, so that the last readable image is found.
    at = attempt < TRIES ? random.int(0, samples.length - 1) : (position + attempt) % samples.length
  }
  throw new TagwrightError(
    'no-readable-image',
    `None of the ${samples.length} images can be read, for example ${samples[position].file}. Restore the files or import the folder again.`,
    { images: samples.length, file: samples[position].file },
  )
}
