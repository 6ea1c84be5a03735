import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Graph } from '@shared/engine/graph'
import { mul } from '@shared/engine/ops'
import { fromFloat16 } from '@shared/base/float16'
import type { Batch } from '../../../src-worker/data/types'
import { FeatureCache, type FillOptions, variantsAt } from '../../../src-worker/train/feature-cache'
import { TrunkRunner } from '../../../src-worker/train/trunk-runner'

let folder: string
let trunk: TrunkRunner
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-features-'))
  const graph = new Graph()
  const images = graph.input('images', [2, 3, 2, 2])
  trunk = await TrunkRunner.open({ graph, features: [{ name: 'feature/0', value: mul(images, 0.5) }] }, new Map(), {
    provider: 'cpu',
  })
})
afterEach(async () => {
  await trunk.close()
  rmSync(folder, { recursive: true })
})

/** Image i in variant v is filled with 10 i + v and has one box of class i; `filled` are the batches made of each variant. */
function fillOptions(key: string, images = 4, variants = 2): FillOptions & { filled: number[]; closed: number } {
  const options = {
    key,
    folder,
    images,
    variants,
    filled: Array<number>(variants).fill(0),
    closed: 0,
    onProgress: () => {},
    source: {
      async *batches(variant: number) {
        for (let first = 0; first < images; first += 2) {
          options.filled[variant]++
          const positions = [first, first + 1]
          const pixels = positions.flatMap((i) => Array<number>(12).fill(10 * i + variant))
          const targets = Float32Array.from(positions.flatMap((i) => [i, 1, 1, 1, 1]))
          const batch = { count: 2, width: 2, height: 2, images: Uint8Array.from(pixels), targets, maxGt: 1 }
          const counts = { targetCounts: Int32Array.of(1, 1), release: () => {} }
          yield { batch: { ...batch, ...counts } as unknown as Batch, positions }
        }
      },
      async close() {
        options.closed++
      },
    },
  }
  return options
}

async function epochsOf(
  cache: FeatureCache,
  epochs: number,
  from = { epoch: 0, batch: 0 },
  ofEpoch?: (epoch: number) => number,
) {
  const seen: { epoch: number; values: number[]; labels: number[] }[] = []
  const options = { seed: 1, batch: 2, epochs, side: 2, maxGt: [1], width: 5 }
  for await (const batch of cache.batches({ ...options, ...(ofEpoch ? { variantsAt: ofEpoch } : {}) }, from)) {
    const numbers = fromFloat16(batch.features['feature/0'].data)
    seen.push({ epoch: batch.epoch, values: [numbers[0], numbers[12]], labels: [batch.targets[0], batch.targets[5]] })
  }
  return seen
}

describe('Kept features', () => {
  it('come back with their own boxes, every image once an epoch and its variants in turn', async () => {
    const cache = await FeatureCache.open(trunk, fillOptions('a'.repeat(64)))
    const seen = await epochsOf(cache, 2)
    await cache.close()
    for (const { epoch, values, labels } of seen)
      labels.forEach((image, i) => expect(values[i]).toBe((10 * image + ((epoch + image) % 2)) / 2))
    for (const epoch of [0, 1])
      expect(
        seen
          .filter((b) => b.epoch === epoch)
          .flatMap(({ labels }) => labels)
          .sort(),
      ).toEqual([0, 1, 2, 3])
  })

  it('go on in the middle of an epoch as if nothing had happened', async () => {
    const cache = await FeatureCache.open(trunk, fillOptions('a'.repeat(64)))
    expect(await epochsOf(cache, 3, { epoch: 1, batch: 1 })).toEqual((await epochsOf(cache, 3)).slice(3))
    await cache.close()
  })

  it('are computed once, and again when their index is damaged', async () => {
    const key = 'b'.repeat(64)
    const counts: number[] = []
    const open = async () => {
      const options = fillOptions(key)
      const cache = await FeatureCache.open(trunk, options)
      await cache.prepare(2)
      await cache.close()
      counts.push(options.filled.reduce((sum, one) => sum + one))
    }
    await open()
    await open()
    const index = join(folder, key.slice(0, 32), 'index.json')
    truncateSync(index, 10)
    await open()
    writeFileSync(index, JSON.stringify({ images: 4, variants: 2, length: 99, targets: [] }))
    await open()
    expect(counts).toEqual([4, 0, 4, 4])
  })

  it('wait for the epoch that asks for them, and none is made twice by a run that goes on', async () => {
    const first = fillOptions('c'.repeat(64), 4, 3)
    const whole = fillOptions('d'.repeat(64), 4, 3)
    const ofEpoch = (epoch: number) => Math.min(3, 1 + Math.floor(epoch / 2))
    const all = await FeatureCache.open(trunk, whole)
    const expected = await epochsOf(all, 6, undefined, ofEpoch)
    await all.close()
    // In the first two epochs there is one variant of every image.
    for (const { epoch, values, labels } of expected)
      labels.forEach((image, i) => expect(values[i]).toBe((10 * image + ((epoch + image) % ofEpoch(epoch))) / 2))

    const stopped = await FeatureCache.open(trunk, first)
    const before = await epochsOf(stopped, 3, undefined, ofEpoch)
    expect(first.filled).toEqual([2, 2, 0])
    await stopped.close()
    expect(first.closed).toBe(1)
    const second = fillOptions('c'.repeat(64), 4, 3)
    const resumed = await FeatureCache.open(trunk, second)
    const after = await epochsOf(resumed, 6, { epoch: 3, batch: 0 }, ofEpoch)
    await resumed.close()
    expect(second.filled).toEqual([0, 0, 2])
    expect([...before, ...after]).toEqual(expected)
  })

  it('are all there by the middle of a run', () => {
    const ofRun = (epochs: number) => Array.from({ length: epochs }, (_, epoch) => variantsAt(epoch, epochs, 4))
    expect(ofRun(3)).toEqual([1, 2, 3])
    expect(ofRun(8)).toEqual([1, 2, 3, 4, 4, 4, 4, 4])
    expect(ofRun(24).filter((count) => count < 4)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3])
  })

  it('of old settings make room', async () => {
    for (const letter of 'abcde') {
      const cache = await FeatureCache.open(trunk, fillOptions(letter.repeat(64)))
      await cache.prepare(1)
      await cache.close()
    }
    const left = readdirSync(folder)
    expect(left).toHaveLength(3)
    expect(left).toContain('e'.repeat(32))
  })
})
