/** Batches of crops for a denoising run, made ahead of the caller on the loader's threads. */
import { rng } from '@shared/base/rng'
import type { SetNoise } from '@shared/domain/noise'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { ahead, aheadOf } from '../../data/ahead'
import { startBatchWorkers } from '../../data/batch-workers'
import { type CropJob, cropBatchKind } from './make-crops'
import type { BadPlanes } from './plane-cache'

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
  /** 0: batches are made where they are asked for. */
  threads?: number
  threadFile?: string | undefined
  /** Told once of each file. */
  onBad?(bad: BadPlanes): void
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

/** Of decoded files, all threads together. */
const CACHE_BYTES = 1 << 30

/**
 * From a position to the end of the last epoch; the same numbers whatever the number of threads.
 * @throws `no-readable-image`, `data-thread-failed`.
 */
export async function* cropBatches(
  { samples, batch, side, channels, noise, seed, epochs, threads = 0, threadFile, onBad }: CropBatchesOptions,
  from = { epoch: 0, batch: 0 },
): AsyncGenerator<CropBatch, void, void> {
  const batches = Math.max(1, Math.floor(samples.length / batch))
  const shape = [batch, channels, side, side]
  const cacheBytes = CACHE_BYTES / Math.max(1, threads)
  const setup = { samples, side, channels, noise, seed, cacheBytes }
  const workers = startBatchWorkers(cropBatchKind, setup, threads, threadFile)
  const told = new Set<string>()
  const jobs = (function* (): Generator<CropJob & { index: number }> {
    for (let epoch = from.epoch; epoch < epochs; epoch++) {
      const order = rng(seed, 'shuffle', epoch).shuffle(samples.map((_, i) => i))
      for (let index = epoch === from.epoch ? from.batch : 0; index < batches; index++) {
        const items = Array.from({ length: batch }, (_, i) => {
          const place = index * batch + i
          return { position: order[place % order.length], repeat: Math.floor(place / order.length) }
        })
        yield { epoch, index, items }
      }
    }
  })()
  try {
    for await (const { job, result } of ahead(jobs, (one) => workers.run(one), aheadOf(threads))) {
      const { images, clean, sampleIds, bad } = result
      for (const one of bad) {
        if (told.has(one.file)) continue
        told.add(one.file)
        onBad?.(one)
      }
      yield {
        epoch: job.epoch,
        index: job.index,
        batches,
        count: batch,
        width: side,
        height: side,
        tensors: { images: { data: images, shape }, clean: { data: clean, shape } },
        sampleIds,
      }
    }
  } finally {
    await workers.close()
  }
}
