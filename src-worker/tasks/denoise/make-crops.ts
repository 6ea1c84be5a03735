/** One batch of a denoising run: random crops, turned eight ways, with noise; drawn by (seed, epoch, place in the data). */
import { rng } from '@shared/base/rng'
import { TagwrightError } from '@shared/base/errors'
import type { SetNoise } from '@shared/domain/noise'
import type { SnapshotSample } from '@shared/domain/snapshot'
import type { BatchKind } from '../../data/batch-workers'
import { makeNoisy } from './make-noisy'
import { type BadPlanes, cropPlanes, PlaneCache } from './plane-cache'

export interface CropSetup {
  /** An entry for each crop of an epoch: an image may come many times. */
  samples: readonly SnapshotSample[]
  /** Side of the crops, px. */
  side: number
  channels: number
  noise: SetNoise
  seed: number
  /** Of decoded files that a thread keeps. */
  cacheBytes: number
}

export interface CropJob {
  epoch: number
  /** Places in the data, and which use of them in the epoch this is. */
  items: { position: number; repeat: number }[]
}

/** `images` (noisy) and `clean`, [items, channels, side, side] each. */
export interface CropResult {
  images: Float32Array<ArrayBuffer>
  clean: Float32Array<ArrayBuffer>
  sampleIds: number[]
  /** Files found unreadable while this batch was made. */
  bad: BadPlanes[]
}

const TRIES = 20

export const cropBatchKind: BatchKind<CropSetup, CropJob, CropResult> = {
  id: 'crops',
  create(setup) {
    let bad: BadPlanes[] = []
    const cache = new PlaneCache((one) => bad.push(one), setup.cacheBytes)
    const perImage = setup.channels * setup.side ** 2
    return {
      async run({ epoch, items }) {
        const images = new Float32Array(items.length * perImage)
        const clean = new Float32Array(items.length * perImage)
        const sampleIds: number[] = []
        for (const [i, item] of items.entries()) {
          const made = await makeCrop(setup, cache, epoch, item)
          images.set(made.noisy.data, i * perImage)
          clean.set(made.clean.data, i * perImage)
          sampleIds.push(made.id)
        }
        const told = bad
        bad = []
        return { images, clean, sampleIds, bad: told }
      },
    }
  },
  moved: ({ images, clean }) => [images.buffer, clean.buffer],
}

/** An unreadable image is replaced by another one. */
async function makeCrop(
  { samples, side, channels, noise, seed }: CropSetup,
  cache: PlaneCache,
  epoch: number,
  { position, repeat }: CropJob['items'][number],
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
