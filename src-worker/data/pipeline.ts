/**
 * One batch from start to end: draw plans, fetch pixels, render, collect boxes. Runs on a decode thread or in place;
 * what comes out depends on the seed, the epoch and the sample ids only, never on the thread.
 */
import { rng } from '@shared/base/rng'
import { TagwrightError, toErrorShape } from '@shared/base/errors'
import { drawPlan, resolveAugments, type AugmentSpec } from '@shared/catalog/augments'
import {
  planBox,
  planPoint,
  plainPlan,
  type PlainContext,
  type AugmentPlan,
  type Layer,
  type Tile,
} from '@shared/catalog/augment-plan'
import { isMirrored } from '@shared/domain/affine'
import { letterboxGeometry } from '@shared/domain/letterbox'
import type { ModelInput } from '@shared/domain/model-input'
import { decodeImage } from './decode-image'
import type { BatchKind } from './batch-workers'
import { joinCache, type SharedCache } from './image-cache'
import { allocateImages, packedShape, imagePacker, type ImageData } from './pack-pixels'
import { renderPlan } from './render-plan'
import { resizeBilinear, type Pixels } from './resize-bilinear'
import { samplePath, type SampleTable } from './sample-table'
import type { Packing } from './types'

/** What a thread is told once; survives structured cloning. */
export interface PipelineSetup {
  table: SampleTable
  cache: SharedCache
  input: ModelInput
  pack: Packing
  seed: number
  augment: readonly AugmentSpec[]
  /** Rising; the last one is the limit. */
  maxGt: readonly number[]
}

export interface BatchJob {
  kind: 'train' | 'eval'
  epoch: number
  /** Position in the table and which use of that sample in the epoch this is (0 but for data smaller than a batch). */
  items: { sample: number; repeat: number }[]
  /** Images of the tensor, at least `items.length`; the rest is border. */
  batch: number
  width: number
  height: number
  closing: boolean
  /** Used again when its size fits. */
  buffer?: ArrayBuffer
}

export interface BatchResult {
  images: ImageData
  shape: number[]
  targets: Float32Array<ArrayBuffer>
  maxGt: number
  targetCounts: Int32Array<ArrayBuffer>
  /** Positions in the table, in batch order; for `eval` without the unreadable ones. */
  samples: number[]
  /** Images found unreadable during this batch. */
  bad: { sample: number; code: string; message: string }[]
}

export interface Pipeline {
  run(job: BatchJob): Promise<BatchResult>
}

/** Letterboxed or augmented pictures with boxes. */
export const pictureBatches: BatchKind<PipelineSetup, BatchJob, BatchResult> = {
  id: 'pictures',
  create: createPipeline,
  lent: ({ buffer }) => (buffer ? [buffer] : []),
  moved: ({ images, targets, targetCounts }) => [images.buffer, targets.buffer, targetCounts.buffer],
}

/** Tries of other partners or samples before the data is searched from end to end. */
const tries = 20

export function createPipeline(setup: PipelineSetup): Pipeline {
  const { table } = setup
  const augment = resolveAugments(setup.augment)
  let bad: BatchResult['bad'] = []
  const cache = joinCache(
    setup.cache,
    (sample, target) => loadSample(table, sample, target),
    (sample, error) => {
      const { code, message } = toErrorShape(error)
      bad.push({ sample, code, message })
    },
  )
  const { space } = cache
  const sizeOf = (sample: number) => ({ width: table.sizes[2 * sample], height: table.sizes[2 * sample + 1] })

  /** Pixels of all samples of a plan, or the first sample that cannot be read. */
  async function fetchPixels(plan: AugmentPlan): Promise<Map<number, Pixels> | { failed: number }> {
    const needed = [...new Set(plan.layers.flatMap((layer) => layer.tiles.map((tile) => tile.sample)))]
    const known = needed.find((sample) => cache.failed(sample))
    if (known !== undefined) return { failed: known }
    const fetched = await Promise.all(needed.map((sample) => cache.acquire(sample)))
    const failed = needed.find((_, i) => fetched[i] === null)
    if (failed !== undefined) {
      needed.forEach((sample, i) => fetched[i] && cache.release(sample))
      return { failed }
    }
    return new Map(needed.map((sample, i) => [sample, fetched[i]!]))
  }

  function contextFor(sample: number, ...seed: (number | string)[]): PlainContext {
    const random = rng(setup.seed, ...seed)
    return {
      rng: random,
      sample,
      count: table.count,
      sizeOf,
      drawLabelled: () => (table.labelled.length ? table.labelled[random.int(0, table.labelled.length - 1)] : null),
      align: setup.input.align,
      pad: setup.input.pad,
    }
  }

  /** Boxes of a plan as rows of (label, cx, cy, w, h, points). */
  function planTargets(plan: AugmentPlan): { rows: number[][]; had: number } {
    const rows: number[][] = []
    let had = 0
    for (const layer of plan.layers) {
      for (const tile of layer.tiles) {
        for (let i = table.boxStart[tile.sample]; i < table.boxStart[tile.sample + 1]; i++) {
          had++
          const b = table.boxes.subarray(4 * i, 4 * i + 4)
          const box = planBox(plan, layer, tile, [b[0], b[1], b[2], b[3]])
          if (!box) continue
          const [x1, y1, x2, y2] = box
          const row = [table.labels[i], (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
          rows.push(table.pointCount > 0 ? [...row, ...pointsOf(plan, layer, tile, i)] : row)
        }
      }
    }
    return { rows, had }
  }

  /** x, y, v of a box's points; in a mirrored picture each stands in the place of its partner. */
  function pointsOf(plan: AugmentPlan, layer: Layer, tile: Tile, box: number): number[] {
    const { pointCount, points, flip, labels } = table
    const mirrored = isMirrored(layer.matrix)
    const out = new Array<number>(3 * pointCount).fill(0)
    for (let k = 0; k < pointCount; k++) {
      const from = 3 * (box * pointCount + k)
      if (points[from + 2] === 0) continue
      const point = planPoint(plan, layer, tile, [points[from], points[from + 1]])
      if (!point) continue
      const to = mirrored ? flip[labels[box] * pointCount + k] : k
      out.splice(3 * to, 3, point[0], point[1], 1)
    }
    return out
  }

  /** Draws until every image of the plan can be read; an unreadable sample is replaced by another one. */
  async function planAndFetch(job: BatchJob, item: BatchJob['items'][number]) {
    const size = { width: job.width, height: job.height }
    let sample = item.sample
    for (let attempt = 0; attempt < tries; attempt++) {
      const ctx = contextFor(sample, 'augment', job.epoch, table.ids[sample], item.repeat, attempt)
      let plan = drawPlan(augment, ctx, size, job.closing)
      let targets = planTargets(plan)
      // YOLOX: when every box was lost, the image itself is used.
      if (targets.had > 0 && targets.rows.length === 0) {
        plan = plainPlan(ctx, job.width, job.height)
        targets = planTargets(plan)
      }
      const pixels = await fetchPixels(plan)
      if (pixels instanceof Map) return { plan, targets, pixels, sample }
      if (cache.failed(sample)) {
        sample = rng(setup.seed, 'replace', job.epoch, table.ids[item.sample], item.repeat, attempt).int(
          0,
          table.count - 1,
        )
      }
    }
    for (let i = 0; i < table.count; i++) {
      sample = (item.sample + i) % table.count
      const plan = plainPlan(contextFor(sample, 'plain'), job.width, job.height)
      const pixels = await fetchPixels(plan)
      if (pixels instanceof Map) return { plan, targets: planTargets(plan), pixels, sample }
    }
    throw new TagwrightError(
      'no-readable-image',
      `None of the ${table.count} images can be read, for example ${samplePath(table, item.sample)}. Restore the files or import the folder again.`,
      { images: table.count, file: samplePath(table, item.sample) },
    )
  }

  async function run(job: BatchJob): Promise<BatchResult> {
    bad = []
    const shape = packedShape(setup.pack.layout, job.batch, job.width, job.height)
    const perImage = shape.slice(1).reduce((a, b) => a * b)
    const images = allocateImages(setup.pack, job.batch * perImage, job.buffer)
    const packerOf = (i: number) =>
      imagePacker(space, setup.pack, setup.input, images, i * perImage, job.width, job.height)
    const samples: number[] = []
    const rows: number[][][] = []
    for (const item of job.items) {
      if (job.kind === 'eval') {
        const plan = plainPlan(contextFor(item.sample, 'eval'), job.width, job.height)
        const pixels = await fetchPixels(plan)
        if (!(pixels instanceof Map)) continue
        renderPlan(space, plan, (sample) => pixels.get(sample)!, packerOf(samples.length))
        cache.release(item.sample)
        samples.push(item.sample)
        continue
      }
      const { plan, targets, pixels, sample } = await planAndFetch(job, item)
      renderPlan(space, plan, (tile) => pixels.get(tile)!, packerOf(samples.length))
      for (const held of pixels.keys()) cache.release(held)
      samples.push(sample)
      rows.push(targets.rows)
    }
    fillBorder(samples.length)
    return { images, shape, samples, bad, ...packTargets(rows, job.batch) }

    function fillBorder(from: number): void {
      if (from >= job.batch) return
      const row = new Int32Array(job.width).fill(setup.input.pad * 0x10101)
      for (let i = from; i < job.batch; i++) {
        const pack = packerOf(i)
        for (let y = 0; y < job.height; y++) pack.row(row, y)
      }
    }
  }

  function packTargets(rows: number[][][], batch: number): Pick<BatchResult, 'targets' | 'targetCounts' | 'maxGt'> {
    const most = Math.max(1, ...rows.map((r) => r.length))
    const maxGt = setup.maxGt.find((bucket) => bucket >= most) ?? setup.maxGt.at(-1)!
    const width = 5 + 3 * table.pointCount
    const targets = new Float32Array(batch * maxGt * width)
    const targetCounts = new Int32Array(batch)
    rows.forEach((image, i) => {
      targetCounts[i] = Math.min(image.length, maxGt)
      image.slice(0, maxGt).forEach((row, j) => targets.set(row, (i * maxGt + j) * width))
    })
    return { targets, targetCounts, maxGt }
  }

  // One batch at a time: the renderer's buffers and the list of bad samples belong to the batch in work.
  let last: Promise<unknown> = Promise.resolve()
  return {
    run(job) {
      const result = last.then(() => run(job))
      last = result.catch(() => {})
      return result
    },
  }
}

/** Decodes a sample and reduces it into its place in the cache. */
async function loadSample(table: SampleTable, sample: number, target: Pixels): Promise<void> {
  const file = samplePath(table, sample)
  const image = await decodeImage(file)
  const width = table.sizes[2 * sample]
  const height = table.sizes[2 * sample + 1]
  if (image.width !== width || image.height !== height) {
    throw new TagwrightError(
      'image-changed',
      `Image ${file} is ${image.width} x ${image.height} now, its annotations are for ${width} x ${height}. Restore the file or import it again.`,
      { file },
    )
  }
  resizeBilinear(image, target)
}

/**
 * Size at which the cache keeps an image: its letterboxed size; smaller images stay as they are for training, where the
 * warp enlarges them, and are enlarged for evaluation, where the cached pixels are the network's input.
 */
export function cachedSizes(
  table: SampleTable,
  kind: BatchJob['kind'],
  input: { width: number; height: number },
  align: ModelInput['align'],
): Int32Array {
  const out = new Int32Array(new SharedArrayBuffer(8 * table.count))
  for (let i = 0; i < table.count; i++) {
    const image = { width: table.sizes[2 * i], height: table.sizes[2 * i + 1] }
    const box = letterboxGeometry(image, input, align)
    const keep = kind === 'train' && box.scale >= 1
    out[2 * i] = keep ? image.width : box.width
    out[2 * i + 1] = keep ? image.height : box.height
  }
  return out
}
