/** Batches for training and evaluation, made ahead of the caller. */
import { rng } from '@shared/base/rng'
import { TagwrightError } from '@shared/base/errors'
import { letterboxGeometry } from '@shared/domain/letterbox'
import { ahead, aheadOf } from './ahead'
import { startBatchWorkers, type BatchWorkers } from './batch-workers'
import { createSharedCache } from './image-cache'
import { cachedSizes, pictureBatches, type BatchJob, type BatchResult } from './pipeline'
import { maximumWidth } from './pixel-space'
import { createSampleTable } from './sample-table'
import type { Batch, EvalBatch, EvalLoader, EvalLoaderOptions, Loader, LoaderBase, LoaderOptions } from './types'

const defaultCacheBytes = 512 * 1024 * 1024

/**
 * Training batches: shuffled per epoch by the seed, the incomplete last one dropped (data smaller than a batch is
 * repeated to fill one), every image augmented by (seed, epoch, sample id). The same options give the same bytes
 * whatever the number of threads and wherever the run resumes.
 * @throws TagwrightError `no-samples`, `bad-recipe`; batches() throws `no-readable-image`, `data-thread-failed`.
 */
export function createLoader(options: LoaderOptions): Loader {
  const { samples, batch, seed, epochs } = options
  const sizeAt = typeof options.size === 'number' ? () => options.size as number : options.size
  const maxSize = options.maxSize ?? (typeof options.size === 'number' ? options.size : undefined)
  if (maxSize === undefined) throw new TagwrightError('bad-input', 'A size that changes per epoch needs maxSize.')
  const started = start(options, 'train', { width: maxSize, height: maxSize })
  const batchesPerEpoch = Math.max(1, Math.floor(samples.length / batch))
  const recycled: ArrayBuffer[] = []
  let waited = 0

  const orders = new Map<number, number[]>()
  const orderOf = (epoch: number): number[] => {
    let order = orders.get(epoch)
    if (!order) {
      // Prefetch reaches into the next epoch, never further.
      for (const old of orders.keys()) if (old < epoch - 1) orders.delete(old)
      order = rng(seed, 'shuffle', epoch).shuffle(samples.map((_, i) => i))
      orders.set(epoch, order)
    }
    return order
  }
  const jobAt = (epoch: number, index: number): BatchJob => {
    const order = orderOf(epoch)
    const size = sizeAt(epoch)
    return {
      kind: 'train',
      epoch,
      items: Array.from({ length: batch }, (_, i) => {
        const at = index * batch + i
        return { sample: order[at % order.length], repeat: Math.floor(at / order.length) }
      }),
      batch,
      width: size,
      height: size,
      closing: epoch >= epochs - options.closeEpochs,
      buffer: recycled.pop(),
    }
  }

  return {
    batchesPerEpoch,
    waitMs: () => waited,
    close: () => started.workers.close(),
    async *batches(from = { epoch: 0, batch: 0 }) {
      const jobs = (function* () {
        for (let epoch = from.epoch; epoch < epochs; epoch++) {
          for (let i = epoch === from.epoch ? from.batch : 0; i < batchesPerEpoch; i++) yield { epoch, index: i }
        }
      })()
      const made = ahead(jobs, ({ epoch, index }) => started.run(jobAt(epoch, index)), depth(options))
      for (;;) {
        const before = performance.now()
        const next = await made.next()
        const waitMs = performance.now() - before
        if (next.done) return
        options.signal?.throwIfAborted()
        waited += waitMs
        const { job, result } = next.value
        const { images, shape, targets, maxGt, targetCounts } = result
        yield {
          epoch: job.epoch,
          index: job.index,
          batches: batchesPerEpoch,
          count: result.samples.length,
          width: sizeAt(job.epoch),
          height: sizeAt(job.epoch),
          images,
          shape,
          targets,
          maxGt,
          targetCounts,
          sampleIds: result.samples.map((i) => samples[i].id),
          waitMs,
          release: releaseOnce(recycled, images.buffer),
        } satisfies Batch
      }
    },
  }
}

/** Letterboxed batches in the order of the samples; an unreadable image is reported and left out. */
export function createEvalLoader(options: EvalLoaderOptions): EvalLoader {
  const { samples, batch, width, height, input } = options
  const started = start({ ...options, seed: 0, augment: [], maxGt: 1 }, 'eval', { width, height })
  const batches = Math.ceil(samples.length / batch)
  const recycled: ArrayBuffer[] = []
  const jobAt = (index: number): BatchJob => {
    const count = Math.min(batch, samples.length - index * batch)
    return {
      kind: 'eval',
      epoch: 0,
      items: Array.from({ length: count }, (_, i) => ({ sample: index * batch + i, repeat: 0 })),
      batch: options.padLast === false ? count : batch,
      width,
      height,
      closing: true,
      buffer: recycled.pop(),
    }
  }
  return {
    close: () => started.workers.close(),
    async *batches() {
      const made = ahead(Array(batches).keys(), (index) => started.run(jobAt(index)), depth(options))
      for (;;) {
        const before = performance.now()
        const next = await made.next()
        const waitMs = performance.now() - before
        if (next.done) return
        options.signal?.throwIfAborted()
        const { job: index, result } = next.value
        yield {
          index,
          batches,
          count: result.samples.length,
          width,
          height,
          images: result.images,
          shape: result.shape,
          samples: result.samples.map((position) => {
            const sample = samples[position]
            const box = letterboxGeometry(sample, { width, height }, input.align)
            return {
              position,
              sampleId: sample.id,
              width: sample.width,
              height: sample.height,
              scale: box.scale,
              offsetX: box.offsetX,
              offsetY: box.offsetY,
            }
          }),
          waitMs,
          release: releaseOnce(recycled, result.images.buffer),
        } satisfies EvalBatch
      }
    },
  }
}

const depth = ({ threads, prefetch }: LoaderBase) => aheadOf(threads, prefetch)

type StartOptions = LoaderBase & Pick<LoaderOptions, 'seed' | 'augment' | 'maxGt' | 'points'>

function start(options: StartOptions, kind: BatchJob['kind'], input: { width: number; height: number }) {
  const { samples } = options
  if (samples.length === 0) {
    throw new TagwrightError('no-samples', 'The chosen splits hold no images. Assign images to them or import some.')
  }
  if (Math.max(input.width, input.height) > maximumWidth) {
    throw new TagwrightError(
      'bad-input',
      `The input is ${input.width} x ${input.height} pixels; at most ${maximumWidth} a side are possible. Choose a smaller size.`,
    )
  }
  const table = createSampleTable(samples, options.points)
  const sizes = cachedSizes(table, kind, input, options.input.align)
  const cache = createSharedCache(sizes, options.cacheBytes ?? defaultCacheBytes, Math.max(1, options.threads))
  const maxGt = typeof options.maxGt === 'number' ? [options.maxGt] : [...options.maxGt].sort((a, b) => a - b)
  const workers: BatchWorkers<BatchJob, BatchResult> = startBatchWorkers(
    pictureBatches,
    { table, cache, input: options.input, pack: options.pack, seed: options.seed, augment: options.augment, maxGt },
    options.threads,
    options.threadFile,
  )
  const reported = new Set<number>()
  return {
    workers,
    async run(job: BatchJob): Promise<BatchResult> {
      const result = await workers.run(job)
      for (const { sample, code, message } of result.bad) {
        if (reported.has(sample)) continue
        reported.add(sample)
        const { id, file, name } = samples[sample]
        options.onBadSample?.({ sampleId: id, file, name, code, message })
      }
      return result
    },
  }
}

function releaseOnce(recycled: ArrayBuffer[], buffer: ArrayBuffer): () => void {
  let released = false
  return () => {
    if (!released && recycled.length < 16) recycled.push(buffer)
    released = true
  }
}
