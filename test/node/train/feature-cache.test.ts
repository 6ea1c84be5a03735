import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Graph } from '@shared/engine/graph'
import { mul } from '@shared/engine/ops'
import { fromFloat16 } from '@shared/base/float16'
import type { Batch } from '../../../src-worker/data/types'
import { FeatureCache, type FillOptions } from '../../../src-worker/train/feature-cache'
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

/** Image i in variant v is filled with 10 i + v and has one box of class i. */
function fillOptions(key: string, images = 4, variants = 2): FillOptions & { filled: number } {
  const options: FillOptions & { filled: number } = {
    key,
    folder,
    images,
    variants,
    filled: 0,
    onProgress: () => {},
    batches: fill(),
  }
  return options

  async function* fill(): FillOptions['batches'] {
    for (let variant = 0; variant < variants; variant++)
      for (let first = 0; first < images; first += 2) {
        options.filled++
        const positions = [first, first + 1]
        const pixels = positions.flatMap((i) => Array<number>(12).fill(10 * i + variant))
        const targets = Float32Array.from(positions.flatMap((i) => [i, 1, 1, 1, 1]))
        const batch = { count: 2, width: 2, height: 2, images: Uint8Array.from(pixels), targets, maxGt: 1 }
        const counts = { targetCounts: Int32Array.of(1, 1), release: () => {} }
        yield { batch: { ...batch, ...counts } as unknown as Batch, variant, positions }
      }
  }
}

async function epochsOf(cache: FeatureCache, epochs: number, from = { epoch: 0, batch: 0 }) {
  const seen: { epoch: number; values: number[]; labels: number[] }[] = []
  for await (const batch of cache.batches({ seed: 1, batch: 2, epochs, side: 2, maxGt: [1], width: 5 }, from)) {
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
      await (await FeatureCache.open(trunk, options)).close()
      counts.push(options.filled)
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

  it('of old settings make room', async () => {
    for (const letter of 'abcde') await (await FeatureCache.open(trunk, fillOptions(letter.repeat(64)))).close()
    const left = readdirSync(folder)
    expect(left).toHaveLength(3)
    expect(left).toContain('e'.repeat(32))
  })
})
